// SPDX-License-Identifier: Apache-2.0
#include "lib/base/varint.h"

#include <limits>
#include <random>

#include "gtest/gtest.h"

namespace rapport {
namespace {

TEST(Varint, RoundTripsEdgesAndRandomNumbers) {
  std::mt19937_64 random(1);
  std::vector<int64_t> numbers = {0,
                                  1,
                                  -1,
                                  63,
                                  64,
                                  -64,
                                  -65,
                                  127,
                                  128,
                                  std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()};
  for (int i = 0; i < 1000; ++i)
    numbers.push_back(static_cast<int64_t>(random() >> (random() % 64)));
  std::string bytes;
  for (const int64_t n : numbers) PutSigned(bytes, n);
  std::string_view in = bytes;
  for (const int64_t n : numbers) {
    int64_t back = 0;
    ASSERT_TRUE(GetSigned(in, back));
    EXPECT_EQ(back, n);
  }
  EXPECT_TRUE(in.empty());
}

TEST(Varint, LeavesTheViewAloneOnBrokenBytes) {
  const std::string endless(11, '\xFF');
  for (const std::string& bytes : {std::string(), std::string("\x80"), endless}) {
    std::string_view in = bytes;
    uint64_t value = 7;
    EXPECT_FALSE(GetVarint(in, value));
    EXPECT_EQ(in.size(), bytes.size());
    EXPECT_EQ(value, 7u);
  }
  std::string_view in = std::string_view(
      "\x05"
      "abc",
      4);  // Says 5 bytes, has 3.
  std::string_view bytes;
  EXPECT_FALSE(GetBytes(in, bytes));
  EXPECT_EQ(in.size(), 4u);
}

TEST(Varint, BigEndianKeepsOrder) {
  std::string previous;
  for (const uint32_t n : {0u, 1u, 255u, 256u, 65535u, 65536u, 0xFFFFFFFFu}) {
    std::string bytes;
    PutBigEndian(bytes, n);
    EXPECT_LT(previous, bytes);
    std::string_view in = bytes;
    uint32_t back = 0;
    ASSERT_TRUE(GetBigEndian(in, back));
    EXPECT_EQ(back, n);
    previous = bytes;
  }
}

}  // namespace
}  // namespace rapport

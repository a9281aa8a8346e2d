// SPDX-License-Identifier: Apache-2.0
#include "lib/math/moments.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

Moments Of(const std::vector<int64_t>& values) {
  Moments moments;
  for (int64_t value : values) moments.Add(value);
  return moments;
}

TEST(Moments, MeanAndVarianceByHand) {
  const Moments moments = Of({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(moments.count(), 8);
  EXPECT_EQ(*moments.Mean(), 5);
  EXPECT_DOUBLE_EQ(*moments.Variance(), 32.0 / 7);
  // 5 -+ t(.975, 7) sqrt(32 / 7 / 8) with t of reference/significance.py.
  const Interval interval = *moments.MeanInterval(.95);
  EXPECT_NEAR(interval.low, 5 - 2.3646242515927844 * std::sqrt(4.0 / 7), 1e-12);
  EXPECT_NEAR(interval.high, 5 + 2.3646242515927844 * std::sqrt(4.0 / 7), 1e-12);
}

TEST(Moments, RefusesWhatHasNoAnswer) {
  EXPECT_FALSE(Moments().Mean().has_value());
  EXPECT_FALSE(Of({3}).Variance().has_value());
  EXPECT_FALSE(Of({3}).MeanInterval(.95).has_value());
  EXPECT_FALSE(Of({3, 4}).MeanInterval(1).has_value());
  Moments negative;
  negative.Subtract(Of({1, 2, 3}));
  EXPECT_FALSE(negative.Mean().has_value());
  EXPECT_EQ(*Of({7, 7, 7}).Variance(), 0);
}

// Where doubles would lose the variance: values near 1e18, 1 apart.
TEST(Moments, KeepsTheVarianceOfLargeValues) {
  const int64_t offset = 1'000'000'000'000'000'000;
  EXPECT_DOUBLE_EQ(*Of({offset, offset + 1, offset + 2}).Variance(), 1);
  EXPECT_DOUBLE_EQ(*Of({-offset, -offset - 1, -offset - 2}).Variance(), 1);
  // Two values a apart have the variance a^2 / 2; the spread of all of int64.
  EXPECT_DOUBLE_EQ(*Of({kLargest, kLeast}).Variance(), std::ldexp(1, 127));
  EXPECT_DOUBLE_EQ(*Of({kLargest, kLeast}).Mean(), -.5);
}

TEST(Moments, CountsAreRepeats) {
  Moments repeated, one_by_one;
  for (int64_t value : {kLeast, int64_t{-5}, int64_t{0}, int64_t{12}, kLargest}) {
    repeated.Add(value, 1000);
    for (int i = 0; i < 1000; ++i) one_by_one.Add(value);
  }
  EXPECT_EQ(repeated, one_by_one);
  repeated.Add(12, -1000);
  repeated.Add(12, 1000);
  EXPECT_EQ(repeated, one_by_one);
}

TEST(Moments, AddsUpAndSubtractsToTheSameBits) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Moments all, left, right;
    for (int i = 0; i < 500; ++i) {
      const auto value = static_cast<int64_t>(random()) >> (random() % 63);
      all.Add(value);
      (random() % 2 != 0 ? left : right).Add(value);
    }
    Moments merged = left;
    merged.Merge(right);
    EXPECT_EQ(merged, all);
    merged.Subtract(left);
    EXPECT_EQ(merged, right);
    merged.Subtract(right);
    EXPECT_TRUE(merged.zero());
    Moments twice = all;
    twice.Merge(twice);
    twice.Subtract(all);
    EXPECT_EQ(twice, all);
    twice.Subtract(twice);
    EXPECT_TRUE(twice.zero());

    std::string bytes;
    all.Encode(bytes);
    bytes += "rest";
    std::string_view in = bytes;
    Moments read;
    ASSERT_TRUE(read.Decode(in));
    EXPECT_EQ(read, all);
    EXPECT_EQ(in, "rest");
  }
}

TEST(Moments, RefusesForeignBytes) {
  std::string bytes;
  Of({1, 2, 3}).Encode(bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string_view in = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(Moments().Decode(in)) << size;
  }
  // A varint with a superfluous byte.
  std::string_view overlong("\x80\x00\x00\x00\x00\x00\x00\x00", 8);
  EXPECT_FALSE(Moments().Decode(overlong));
  std::string_view large("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0\0\0\0", 16);
  EXPECT_FALSE(Moments().Decode(large));
}

}  // namespace
}  // namespace rapport::math

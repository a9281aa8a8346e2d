// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/bitmap.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace rapport::segments {
namespace {

std::vector<uint32_t> Numbers(const Bitmap& bitmap) {
  std::vector<uint32_t> numbers;
  bitmap.ForEach([&](uint32_t number) { numbers.push_back(number); });
  return numbers;
}

TEST(Bitmap, IsASet) {
  Bitmap a(std::vector<uint32_t>{5, 1, 5, 1'000'000});
  EXPECT_EQ(a.size(), 3U);
  EXPECT_TRUE(a.Has(1'000'000));
  EXPECT_FALSE(a.Has(2));
  Bitmap b(std::vector<uint32_t>{1, 2});
  EXPECT_EQ(a.CountCommon(b), 1U);
  EXPECT_EQ(Numbers(a.Intersect(b)), std::vector<uint32_t>{1});
  b.Unite(a);
  EXPECT_EQ(Numbers(b), (std::vector<uint32_t>{1, 2, 5, 1'000'000}));
  b.Subtract(a);
  EXPECT_EQ(Numbers(b), std::vector<uint32_t>{2});
  EXPECT_EQ(a.From(2, 10), (std::vector<uint32_t>{5, 1'000'000}));
  EXPECT_EQ(a.From(1, 2), (std::vector<uint32_t>{1, 5}));
  EXPECT_TRUE(a.From(1'000'001, 2).empty());
  EXPECT_TRUE(Bitmap().From(0, 2).empty());
}

TEST(Bitmap, BytesDependOnTheNumbersAlone) {
  std::mt19937 random(7);
  for (const uint32_t range : {100U, 70'000U, 3'000'000U}) {
    std::set<uint32_t> numbers;
    for (int i = 0; i < 20'000; ++i) numbers.insert(static_cast<uint32_t>(random() % range));
    std::vector<uint32_t> shuffled(numbers.begin(), numbers.end());
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    Bitmap grown;  // One by one, and through numbers that go again.
    for (const uint32_t number : shuffled) {
      grown.Add(number + 1);
      grown.Add(number);
      if (!numbers.contains(number + 1)) grown.Remove(number + 1);
    }
    const Bitmap made(std::vector<uint32_t>(numbers.begin(), numbers.end()));
    EXPECT_TRUE(grown == made);
    EXPECT_EQ(grown.Encode(), made.Encode());
    Bitmap read;
    for (const auto& [part, bytes] : made.Encode()) {
      EXPECT_LE(bytes.size(), 66U << 10);
      RAPPORT_ASSERT_OK(read.AddPart(bytes));
    }
    EXPECT_TRUE(read == made);
  }
}

TEST(Bitmap, RefusesForeignBytes) {
  const std::string bytes = Bitmap(std::vector<uint32_t>{1, 2, 3}).Encode().at(0);
  Bitmap bitmap;
  EXPECT_THAT(bitmap.AddPart("not a bitmap"), testing::StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(bitmap.AddPart(""), testing::StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(bitmap.AddPart(bytes.substr(0, bytes.size() - 1)),
              testing::StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(bitmap.AddPart(bytes + "x"), testing::StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(bitmap.empty());
}

TEST(Bitmap, AMillionIsReadAndCountedInMilliseconds) {
  std::vector<uint32_t> numbers;
  for (uint32_t i = 0; i < 2'000'000; ++i) {
    if (i % 2 == 0 || i % 7 == 0) numbers.push_back(i);
  }
  const auto parts = Bitmap(numbers).Encode();
  const auto start = std::chrono::steady_clock::now();
  Bitmap read;
  for (const auto& [part, bytes] : parts) RAPPORT_ASSERT_OK(read.AddPart(bytes));
  EXPECT_EQ(read.size(), numbers.size());
  EXPECT_EQ(read.From(1'000'000, 100).front(), 1'000'000U);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::cout << "read, counted and paged " << numbers.size() << " members in " << took.count()
            << " ms\n";
  EXPECT_LT(took.count(), 100);  // The aim is 5; a slow machine may take longer.
}

}  // namespace
}  // namespace rapport::segments

// SPDX-License-Identifier: Apache-2.0
// Pages of a list against the sorted list.
#include "server/top_page.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/text.h"

namespace rapport::server {
namespace {

TEST(TopPageTest, PlacesSurviveTokens) {
  for (const PagePlace& place :
       {PagePlace{-5, "a", 0}, PagePlace{0, "", 7}, PagePlace{INT64_MAX, "x/y\n", UINT32_MAX}}) {
    const auto read = DecodePlace(EncodePlace(place));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, place);
  }
  EXPECT_EQ(*DecodePlace(""), std::nullopt);
  EXPECT_FALSE(DecodePlace("short").ok());
}

// Two parts that offer in random order, pages one after the other, give the sorted list.
TEST(TopPageTest, PagesAreTheSortedList) {
  constexpr uint64_t kSeed = 11;
  std::mt19937_64 random(kSeed);
  std::vector<PagePlace> all;
  for (uint32_t i = 0; i < 500; ++i) {
    all.push_back({static_cast<int64_t>(random() % 20) - 10, Cat("c", random() % 9), i});
  }
  std::vector<PagePlace> sorted = all;
  std::ranges::sort(sorted);
  std::vector<PagePlace> shown;
  std::optional<PagePlace> after;
  for (int pages = 0; pages < 100; ++pages) {
    std::ranges::shuffle(all, random);
    std::vector<TopPage<int>> parts(2, TopPage<int>(7, after));
    for (size_t i = 0; i < all.size(); ++i) {
      TopPage<int>& part = parts[i % 2];
      if (part.Wants(all[i].rank)) part.Offer(all[i], 0);
    }
    TopPage<int> page(7, after);
    for (TopPage<int>& part : parts) page.Merge(std::move(part));
    const auto taken = page.Take();
    for (const auto& [place, entry] : taken) shown.push_back(place);
    if (taken.size() < 7) break;
    after = shown.back();
  }
  EXPECT_EQ(shown, sorted) << "seed " << kSeed;
}

}  // namespace
}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/ranks.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

std::vector<int> Scores(const std::vector<int64_t>& values, int buckets, Better better) {
  ValueHistogram histogram;
  for (int64_t value : values) histogram.Add(value);
  const RankCuts cuts = RankCuts::Make(histogram, buckets, better);
  std::vector<int> scores;
  for (int64_t value : values) scores.push_back(cuts.Score(value));
  return scores;
}

TEST(Ranks, QuintilesOfDistinctValuesAreEven) {
  EXPECT_EQ(Scores({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5, Better::kHigher),
            (std::vector<int>{1, 1, 2, 2, 3, 3, 4, 4, 5, 5}));
  EXPECT_EQ(Scores({1, 2, 3, 4, 5}, 5, Better::kLower), (std::vector<int>{5, 4, 3, 2, 1}));
}

// The rule by hand: score = 1 + floor(5 * strictly worse / n).
TEST(Ranks, TiesShareOneScore) {
  const struct {
    const char* name;
    std::vector<int64_t> values;
    Better better;
    std::vector<int> expected;
  } cases[] = {
      {"sixty percent tie at the bottom",
       {1, 1, 1, 1, 1, 1, 2, 2, 3, 4},
       Better::kHigher,
       {1, 1, 1, 1, 1, 1, 4, 4, 5, 5}},
      {"tie across a border", {1, 2, 2, 2, 3}, Better::kHigher, {1, 2, 2, 2, 5}},
      {"all equal", {7, 7, 7}, Better::kHigher, {1, 1, 1}},
      {"tie at the top never scores 5", {1, 9, 9, 9, 9}, Better::kHigher, {1, 2, 2, 2, 2}},
      {"lower is better, tie at the worst", {90, 90, 90, 5, 1}, Better::kLower, {1, 1, 1, 4, 5}},
      {"negatives", {-5, 0, 5}, Better::kHigher, {1, 2, 4}},
      {"one customer", {3}, Better::kLower, {1}},
      {"none", {}, Better::kHigher, {}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Scores(c.values, 5, c.better), c.expected) << c.name;
  }
}

TEST(Ranks, RandomValuesObeyTheRuleInAnyOrderAndMerge) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    std::vector<int64_t> values(1 + random() % 200);
    for (int64_t& value : values) value = static_cast<int64_t>(random() % 30);
    ValueHistogram left, right;
    for (size_t i = 0; i < values.size(); ++i) (i % 3 == 0 ? left : right).Add(values[i]);
    left.Merge(right);
    EXPECT_EQ(left.total(), values.size());
    for (Better better : {Better::kHigher, Better::kLower}) {
      const RankCuts cuts = RankCuts::Make(left, 10, better);
      for (int64_t value : values) {
        const auto worse = std::count_if(values.begin(), values.end(), [&](int64_t other) {
          return better == Better::kHigher ? other < value : other > value;
        });
        EXPECT_EQ(cuts.Score(value), 1 + 10 * worse / static_cast<int64_t>(values.size()));
      }
      const RankCuts stored = RankCuts::FromCuts(cuts.cuts(), better);
      EXPECT_EQ(stored.Score(values[0]), cuts.Score(values[0]));
    }
  }
}

}  // namespace
}  // namespace rapport::math

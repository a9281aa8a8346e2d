// SPDX-License-Identifier: Apache-2.0
#include "lib/value/rfm.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "lib/value/rfm_segment.h"
#include "tests/support/matchers.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr Micros kUnit = kMicrosPerUnit;

TEST(SummarizeOrders, MergesADayAndLeavesTheFirstPurchaseOut) {
  const Order orders[] = {{100, 5 * kUnit}, {100, 7 * kUnit}, {110, 3 * kUnit},
                          {130, 4 * kUnit}, {130, 5 * kUnit}, {200, 9 * kUnit}};
  const OrderSummary summary = **SummarizeOrders(orders, 150);
  EXPECT_EQ(summary.history.frequency, 2u);
  EXPECT_EQ(summary.history.recency_days, 30);
  EXPECT_EQ(summary.history.age_days, 50);
  EXPECT_EQ(summary.history.repeat_value_micros, 12 * kUnit);
  EXPECT_EQ(summary.history.mean_value(), 6);
  EXPECT_EQ(summary.rfm.recency_days, 20);
  EXPECT_EQ(summary.rfm.orders, 3u);
  EXPECT_EQ(summary.rfm.monetary_micros, 24 * kUnit);
  EXPECT_EQ(summary.first_day, 100);
  EXPECT_EQ(summary.last_day, 130);
  EXPECT_EQ(summary.first_value_micros, 12 * kUnit);
  RAPPORT_EXPECT_OK(ValidateHistory(summary.history));
  EXPECT_EQ(CountOrderDays(orders, 150, 200), 1u);
  EXPECT_EQ(CountOrderDays(orders, 100, 200), 3u);
  EXPECT_EQ(CountOrderDays(orders, 99, 130), 3u);
}

TEST(SummarizeOrders, EdgesOfTheDay) {
  const Order today[] = {{100, kUnit}};
  const OrderSummary summary = **SummarizeOrders(today, 100);
  EXPECT_EQ(summary.history.frequency, 0u);
  EXPECT_EQ(summary.history.age_days, 0);
  EXPECT_EQ(summary.history.mean_value(), 0);
  RAPPORT_EXPECT_OK(ValidateHistory(summary.history));
  EXPECT_FALSE(SummarizeOrders(today, 99)->has_value());
  EXPECT_FALSE(SummarizeOrders({}, 99)->has_value());
  const Order before_epoch[] = {{-20, kUnit}, {-1, kUnit}};
  EXPECT_EQ((**SummarizeOrders(before_epoch, 0)).history.recency_days, 19);
}

TEST(SummarizeOrders, RefusesUnsortedDays) {
  const Order orders[] = {{100, 1}, {120, 1}, {119, 1}};
  EXPECT_THAT(SummarizeOrders(orders, 200), FailsWith("UNSORTED", "orders[2].day"));
}

TEST(ValidateHistory, NamesTheField) {
  EXPECT_THAT(ValidateHistory({1, 11, 10, 0}, "history."),
              FailsWith("RECENCY_AFTER_AGE", "history.recency_days"));
  EXPECT_THAT(ValidateHistory({1, 0, 0, 0}), FailsWith("RECENCY_MISSING", "recency_days"));
}

TEST(RfmScorer, ScoresByRankWithTies) {
  RfmHistogram left, right;
  std::vector<RfmValues> customers;
  for (int i = 0; i < 10; ++i) {
    // Six of ten ordered once: frequency scores 1, then 4 (60 % worse) and 5 (80 %).
    const uint32_t orders = i < 6 ? 1 : i < 8 ? 2 : 3;
    customers.push_back({.recency_days = 10 * i, .orders = orders, .monetary_micros = i * kUnit});
    (i % 2 == 0 ? left : right).Add(customers.back());
  }
  left.Merge(right);
  const RfmScorer scorer(left);
  EXPECT_EQ(scorer.Score(customers[0]).Cell(), "511");
  EXPECT_EQ(scorer.Score(customers[5]).Cell(), "313");
  EXPECT_EQ(scorer.Score(customers[7]).Cell(), "244");
  EXPECT_EQ(scorer.Score(customers[9]).Cell(), "155");
  const RfmScorer stored(scorer.recency(), scorer.frequency(), scorer.monetary());
  EXPECT_EQ(stored.Score(customers[7]).Cell(), "244");
}

TEST(RfmSegment, EveryCellHasExactlyOneRule) {
  std::set<std::string_view> ids;
  for (int recency = 1; recency <= 5; ++recency) {
    for (int fm = 1; fm <= 5; ++fm) {
      int rules = 0;
      for (const RfmSegmentRule& rule : RfmSegmentRules()) {
        const bool hit = rule.recency_min <= recency && recency <= rule.recency_max &&
                         rule.fm_min <= fm && fm <= rule.fm_max;
        rules += hit;
        if (hit) {
          EXPECT_EQ(SegmentOf({recency, fm, fm}), rule.segment);
          ids.insert(rule.id);
        }
      }
      EXPECT_EQ(rules, 1) << recency << " " << fm;
    }
  }
  EXPECT_EQ(ids.size(), 11u);
}

TEST(RfmSegment, NamedCorners) {
  EXPECT_EQ(SegmentOf({5, 5, 5}), RfmSegment::kChampions);
  EXPECT_EQ(SegmentOf({5, 1, 1}), RfmSegment::kNew);
  EXPECT_EQ(SegmentOf({1, 5, 5}), RfmSegment::kCannotLose);
  EXPECT_EQ(SegmentOf({1, 1, 1}), RfmSegment::kLost);
  EXPECT_EQ(SegmentOf({4, 1, 1}), RfmSegment::kPromising);
  EXPECT_EQ(SegmentOf({3, 3, 3}), RfmSegment::kNeedAttention);
  EXPECT_EQ(FmScore({1, 2, 3}), 3);                    // 2.5, halves up.
  EXPECT_EQ(SegmentOf({9, 0, -4}), RfmSegment::kNew);  // Clamped.
  EXPECT_EQ(RuleOf(RfmSegment::kAtRisk).id, "at_risk");
}

}  // namespace
}  // namespace rapport::value

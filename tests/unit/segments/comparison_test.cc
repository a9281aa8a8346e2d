// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/comparison.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::segments {
namespace {

constexpr int64_t kDay = 86'400;

// 10 customers with 1000 of predicted value in all.
Compared Segment(const std::string& name, const std::vector<uint32_t>& members, int64_t predicted,
                 const std::vector<std::pair<int64_t, int64_t>>& history) {
  Compared segment;
  segment.name = name;
  segment.members = Bitmap(members);
  auto& figures = *segment.night.mutable_figures();
  figures.mutable_as_of()->set_seconds(100 * kDay);
  figures.set_customer_count(static_cast<int64_t>(members.size()));
  figures.set_universe(10);
  figures.mutable_predicted_value()->set_micros(predicted * 1'000'000);
  segment.night.set_workspace_predicted_micros(1'000'000'000);
  for (const auto& [day, count] : history) {
    auto& before = *segment.night.add_history();
    before.mutable_as_of()->set_seconds(day * kDay);
    before.set_customer_count(count);
  }
  return segment;
}

TEST(Comparison, RanksByValueAndGrowth) {
  const std::vector<Compared> segments = {
      Segment("steady", {1, 2, 3, 4}, 600, {{72, 4}, {99, 4}}),      // 0.6 x 1
      Segment("growing", {4, 5}, 500, {{71, 1}, {73, 2}, {99, 2}}),  // 0.5 x (1 + 1): day 71 is
                                                                     // the last 28 days before.
      Segment("new", {6}, 300, {}),                                  // 0.3, nothing to compare with
      Segment("empty", {}, 0, {{99, 3}}),
  };
  const v1::SegmentComparison comparison = Compare(segments);
  ASSERT_EQ(comparison.priorities_size(), 4);
  const auto& growing = comparison.priorities(0);
  EXPECT_EQ(growing.segment(), "growing");
  EXPECT_EQ(growing.rank(), 1);
  EXPECT_DOUBLE_EQ(growing.priority(), 1.0);
  EXPECT_DOUBLE_EQ(growing.monthly_growth(), 1.0);
  EXPECT_DOUBLE_EQ(growing.growth(), 0.0);
  EXPECT_DOUBLE_EQ(growing.customer_share(), 0.2);
  EXPECT_DOUBLE_EQ(growing.value_index(), 2.5);
  EXPECT_EQ(growing.mean_predicted_value().micros(), 250'000'000);
  EXPECT_EQ(growing.reason(),
            "50.0 % of value from 20.0 % of customers, +100.0 % members in a month");
  EXPECT_EQ(comparison.priorities(1).segment(), "steady");
  EXPECT_DOUBLE_EQ(comparison.priorities(1).priority(), 0.6);
  EXPECT_EQ(comparison.priorities(2).segment(), "new");
  EXPECT_FALSE(comparison.priorities(2).has_growth());
  const auto& empty = comparison.priorities(3);
  EXPECT_FALSE(empty.has_value_index());
  EXPECT_DOUBLE_EQ(empty.growth(), -1.0);
  EXPECT_EQ(empty.priority(), 0);
}

TEST(Comparison, Overlaps) {
  const std::vector<Compared> segments = {Segment("a", {1, 2, 3, 4}, 600, {}),
                                          Segment("b", {3, 4, 5}, 300, {}),
                                          Segment("c", {}, 0, {})};
  const v1::SegmentComparison comparison = Compare(segments);
  ASSERT_EQ(comparison.overlaps_size(), 3);
  const auto& ab = comparison.overlaps(0);
  EXPECT_EQ(ab.first(), "a");
  EXPECT_EQ(ab.second(), "b");
  EXPECT_EQ(ab.both_count(), 2);
  EXPECT_DOUBLE_EQ(ab.jaccard(), 2.0 / 5);
  EXPECT_DOUBLE_EQ(ab.lift(), (2.0 / 4) / (3.0 / 10));
  EXPECT_DOUBLE_EQ(ab.share_of_first(), 0.5);
  EXPECT_DOUBLE_EQ(ab.share_of_second(), 2.0 / 3);
  const auto& ac = comparison.overlaps(1);
  EXPECT_EQ(ac.both_count(), 0);
  EXPECT_FALSE(ac.has_lift());
  EXPECT_FALSE(ac.has_share_of_second());
}

TEST(Comparison, ValueToDateWhereNothingIsPredicted) {
  Compared segment = Segment("a", {1, 2}, 0, {});
  segment.night.set_workspace_predicted_micros(0);
  segment.night.set_workspace_historic_micros(400);
  segment.night.mutable_figures()->mutable_historic_value()->set_micros(100);
  EXPECT_DOUBLE_EQ(Compare({&segment, 1}).priorities(0).value_share(), 0.25);
}

}  // namespace
}  // namespace rapport::segments

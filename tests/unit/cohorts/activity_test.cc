// SPDX-License-Identifier: Apache-2.0
// Growth accounting (domain.md 2.1), stickiness (2.4) and time in stages, by hand.
#include <string>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/cohorts/timelines.h"

namespace rapport::cohorts {
namespace {

using ::rapport::testing::FailsWith;

constexpr auto kUse = v1::EVENT_TYPE_FEATURE_USED;
constexpr auto kOrder = v1::EVENT_TYPE_ORDER_PLACED;

// a: January, February, April. b: February, March. c: April.
Timelines Activity() {
  Timelines lines;
  lines.Add("a", kUse, "2024-01-10 2024-02-05 2024-02-06 2024-04-01");
  lines.Add("b", kUse, "2024-02-15 2024-03-01");
  lines.Add("c", kOrder, "2024-04-05");
  return lines.AsOf("2024-05-10");
}

TEST(Growth, NewReturningResurrectingDormant) {
  const std::pair<ActivityQuestion, const char*> kCases[] = {
      // February: b new, a returning. March: b returning, a dormant. April: c new, a back,
      // b dormant. May runs: a and c are dormant so far.
      {{},
       "2024-01-01 1/0/0/0 | 2024-02-01 1/1/0/0 | 2024-03-01 0/1/0/1 | 2024-04-01 1/0/1/1 | "
       "2024-05-01* 0/0/0/2"},
      // The month after the range says who of its last one went.
      {{.start_date = "2024-02-01", .end_date = "2024-03-01"},
       "2024-02-01 1/1/0/0 | 2024-03-01+ 0/0/0/1"},
      {{.filter = "type = order_placed"}, "2024-04-01 1/0/0/0 | 2024-05-01* 0/0/0/1"},
      {{.granularity = v1::GRANULARITY_QUARTER}, "2024-01-01 2/0/0/0 | 2024-04-01* 1/1/0/1"},
      {{.granularity = v1::GRANULARITY_YEAR}, "2024-01-01* 3/0/0/0"},
      {{.granularity = v1::GRANULARITY_DAY, .start_date = "2024-02-05", .end_date = "2024-02-07"},
       "2024-02-05 0/0/1/0 | 2024-02-06 0/1/0/0 | 2024-02-07+ 0/0/0/1"},
      {{.granularity = v1::GRANULARITY_WEEK, .start_date = "2024-02-05", .end_date = "2024-02-12"},
       "2024-02-05 0/0/1/0 | 2024-02-12+ 0/0/0/1"},
  };
  for (const auto& [question, expected] : kCases) {
    EXPECT_EQ(GrowthText(Activity().Growth(question)), expected);
  }
}

TEST(Growth, IdentitiesAndRates) {
  const auto answer = Activity().Growth({});
  ASSERT_TRUE(answer.ok()) << answer.status();
  int64_t before = 0;
  for (const auto& bucket : answer->buckets()) {
    EXPECT_EQ(bucket.active(), bucket.new_customers() + bucket.returning() + bucket.resurrecting());
    EXPECT_EQ(bucket.net_change(), bucket.active() - before);
    before = bucket.active();
  }
  const auto& april = answer->buckets(3);
  EXPECT_DOUBLE_EQ(april.quick_ratio(), 2.0);  // (1 + 1) / 1.
  EXPECT_DOUBLE_EQ(april.kept_rate(), 0.0);    // Of b, nobody.
  EXPECT_FALSE(answer->buckets(0).has_quick_ratio());
  EXPECT_DOUBLE_EQ(answer->buckets(1).kept_rate(), 1.0);  // Of a, a.
}

// An event that comes in late and lies before all others moves who is new.
TEST(Growth, BackfillRestates) {
  Timelines lines = Activity();
  lines.Add("c", kUse, "2024-03-20");
  EXPECT_EQ(GrowthText(lines.Growth({.start_date = "2024-03-01", .end_date = "2024-05-01"})),
            "2024-03-01 1/1/0/1 | 2024-04-01 0/1/1/1 | 2024-05-01*+ 0/0/0/2");
}

TEST(Growth, NamesTheField) {
  EXPECT_THAT(Activity().Growth({.filter = "x = 1"}), FailsWith("UNKNOWN_FIELD", "filter"));
  EXPECT_THAT(Activity().Growth({.granularity = v1::GRANULARITY_HOUR}),
              FailsWith("UNKNOWN_GRANULARITY", "granularity"));
  EXPECT_THAT(Activity().Growth({.start_date = "x"}), FailsWith("BAD_DATE", "start_date"));
  EXPECT_THAT(Activity().Growth({.start_date = "2024-03-01", .end_date = "2024-03-01"}),
              FailsWith("INVERTED_RANGE", "start_date"));
  EXPECT_THAT(Activity().Growth({.granularity = v1::GRANULARITY_DAY, .start_date = "2001-01-01"}),
              FailsWith("TOO_MANY_BUCKETS", "start_date"));
}

std::string StickinessText(const absl::StatusOr<v1::QueryStickinessResponse>& answer) {
  if (!answer.ok()) return answer.status().ToString();
  std::string text;
  for (const auto& row : answer->rows()) {
    text += Cat(text.empty() ? "" : " ", row.exactly(), "/", row.at_least());
  }
  return text;
}

// Days 1-3 of March: a on all three, b on two, c on one, d on one (twice), e before.
Timelines Days() {
  Timelines lines;
  lines.Add("a", kUse, "2024-03-01 2024-03-02T08:00 2024-03-02T09:00 2024-03-03");
  lines.Add("b", kUse, "2024-03-01 2024-03-03 2024-03-04");
  lines.Add("c", kUse, "2024-03-02");
  lines.Add("d", kUse, "2024-03-03T08:00 2024-03-03T09:00");
  lines.Add("e", kUse, "2024-02-29");
  return lines.AsOf("2024-03-20");
}

TEST(Stickiness, ExactAndCumulative) {
  const ActivityQuestion days{.start_date = "2024-03-01", .end_date = "2024-03-04"};
  const auto answer = Days().Stickiness(days);
  // One day: c, d. Two: b. Three: a. At least one 4, two 2, three 1.
  EXPECT_EQ(StickinessText(answer), "2/4 1/2 1/1");
  EXPECT_EQ(answer->active(), 4);
  EXPECT_DOUBLE_EQ(answer->mean_intervals(), 7.0 / 4);
  EXPECT_DOUBLE_EQ(answer->rows(0).exact_share(), 0.5);
  EXPECT_DOUBLE_EQ(answer->rows(1).cumulative_share(), 0.5);
  // Two events a day: a on the 2nd, d on the 3rd.
  EXPECT_EQ(StickinessText(Days().Stickiness(days, 2)), "2/2 0/0 0/0");
  // By month: February e; March a b c d; nobody in both.
  EXPECT_EQ(StickinessText(Days().Stickiness(
                {.granularity = v1::GRANULARITY_MONTH, .start_date = "2024-02-10"})),
            "5/5 0/0");
  EXPECT_EQ(Days().Stickiness({})->interval_count(), 30);
}

using lifecycle::Step;

StageTimesPlan PlanAt(const metrics::Scope& scope) {
  StageTimesPlan plan;
  plan.scope = &scope;
  plan.reactivation_days = 30;
  return plan;
}

// Stays in days: x dormant 10 > won back; y dormant 20 > churned 100 > won back; z dormant
// since day 190 at day 200.
TEST(StageTimesTest, StaysFlowsAndReactivation) {
  metrics::Scope scope;
  scope.as_of = 200 * kMicrosPerDay;
  const StageTimesPlan plan = PlanAt(scope);
  const auto step = [](int day, v1::LifecycleStage stage) {
    return Step{.time = day * kMicrosPerDay, .stage = stage};
  };
  constexpr auto kActive = v1::LIFECYCLE_STAGE_ACTIVE;
  constexpr auto kDormant = v1::LIFECYCLE_STAGE_DORMANT;
  constexpr auto kChurned = v1::LIFECYCLE_STAGE_CHURNED;
  constexpr auto kWonBack = v1::LIFECYCLE_STAGE_WON_BACK;
  const std::vector<Step> x = {step(0, kActive), step(40, kDormant), step(50, kWonBack)};
  const std::vector<Step> y = {step(0, kActive), step(50, kDormant), step(70, kChurned),
                               step(170, kWonBack)};
  const std::vector<Step> z = {step(0, kActive), step(190, kDormant)};
  StageTimes times(plan), other(plan);
  times.AddSteps(x);
  other.AddSteps(y);
  other.AddSteps(z);
  times.Merge(other);
  v1::QueryStageTimesResponse answer;
  times.Fill(&answer);
  const v1::StageTime& stay = answer.stages(1);
  EXPECT_EQ(stay.stage(), kDormant);
  EXPECT_EQ(stay.completed(), 2);
  EXPECT_EQ(stay.running(), 1);
  EXPECT_DOUBLE_EQ(stay.mean_days(), 15);
  EXPECT_DOUBLE_EQ(stay.median_days(), 15);
  EXPECT_DOUBLE_EQ(stay.p90_days(), 19);  // 10 + 0.9 x 10.
  EXPECT_DOUBLE_EQ(stay.running_mean_days(), 10);
  // 15 -+ t(0.975; 1) = 12.7062 times sqrt(50 / 2) = 5: no stay is shorter than 0.
  EXPECT_DOUBLE_EQ(stay.mean_interval().low(), 0);
  EXPECT_NEAR(stay.mean_interval().high(), 78.531, 1e-3);
  ASSERT_EQ(answer.flows_size(), 4);  // Active > dormant 3, dormant > churned, won back; ...
  EXPECT_EQ(answer.flows(0).transition_count(), 3);
  // Dormant for 30 days or longer ago: x back after 10 days, y after 120. z is too young.
  const auto& dormant = answer.reactivations(0);
  EXPECT_EQ(dormant.entered(), 2);
  EXPECT_EQ(dormant.reactivated(), 1);
  EXPECT_DOUBLE_EQ(dormant.rate(), 0.5);
  EXPECT_DOUBLE_EQ(dormant.median_days(), 65);
  const auto& churned = answer.reactivations(1);
  EXPECT_EQ(churned.entered(), 1);
  EXPECT_EQ(churned.reactivated(), 0);
  EXPECT_DOUBLE_EQ(churned.median_days(), 100);
  EXPECT_EQ(answer.context().notes(0),
            "3 of 9 stays still run: times are of completed stays only and too short where many "
            "run");
}

// One order and silence, by the default rules: new for 30 days, active until 90 days of
// silence, dormant from 180, churned from 365.
TEST(StageTimesTest, SilenceEndsStays) {
  Timelines lines;
  lines.Add("a", kOrder, "2024-01-01", 1'000'000).AsOf("2024-07-19");  // Day 200.
  const auto& rules = lines.scope().rules;
  StageTimesPlan plan = PlanAt(lines.scope());
  StageTimes times(plan);
  times.Customer(lines.View(lines.people["a"]));
  v1::QueryStageTimesResponse answer;
  times.Fill(&answer);
  for (const auto& stage : answer.stages()) {
    if (stage.stage() == v1::LIFECYCLE_STAGE_NEW) {
      EXPECT_DOUBLE_EQ(stage.mean_days(), rules.new_days());
    }
    if (stage.stage() == v1::LIFECYCLE_STAGE_AT_RISK) {
      EXPECT_DOUBLE_EQ(stage.mean_days(), rules.dormant_days() - rules.at_risk_days());
    }
    if (stage.stage() == v1::LIFECYCLE_STAGE_DORMANT) {
      EXPECT_EQ(stage.running(), 1);
      EXPECT_DOUBLE_EQ(stage.running_mean_days(), 200 - rules.dormant_days());
    }
  }
  EXPECT_EQ(answer.stages_size(), 4);  // New, active, at risk, dormant.
}

}  // namespace
}  // namespace rapport::cohorts

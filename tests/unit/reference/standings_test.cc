// SPDX-License-Identifier: Apache-2.0
// Attainment of goals and standing among benchmarks, as the API says them.
#include "lib/reference/standings.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rapport::reference {
namespace {

using ::testing::HasSubstr;

v1::MetricDefinition Definition(v1::MetricKind kind, v1::MetricUnit unit, v1::Direction direction) {
  v1::MetricDefinition definition;
  definition.set_metric("m");
  definition.set_kind(kind);
  definition.set_unit(unit);
  definition.set_direction(direction);
  return definition;
}

const v1::MetricDefinition kRevenue =
    Definition(v1::METRIC_KIND_MONEY_SUM, v1::METRIC_UNIT_MONEY, v1::DIRECTION_HIGHER);
const v1::MetricDefinition kNps =
    Definition(v1::METRIC_KIND_NET_SCORE, v1::METRIC_UNIT_POINTS, v1::DIRECTION_HIGHER);
const v1::MetricDefinition kChurn =
    Definition(v1::METRIC_KIND_CHURN, v1::METRIC_UNIT_PERCENT, v1::DIRECTION_LOWER);

// 2026-01-01 to 2026-04-11: a hundred days.
v1::Goal HundredDays(double target) {
  v1::Goal goal;
  goal.set_goal("g");
  goal.set_metric("m");
  goal.set_target(target);
  goal.set_start_date("2026-01-01");
  goal.set_end_date("2026-04-11");
  return goal;
}

v1::MetricPoint Point(double value) {
  v1::MetricPoint point;
  point.set_value(value);
  return point;
}

TEST(AttainmentOf, ASumIsOnTrackAtItsPace) {
  const v1::Goal goal = HundredDays(1'000'000);
  EXPECT_FALSE(NeedsBaseline(goal, kRevenue));
  EXPECT_FALSE(NeedsTrend(kRevenue));
  const auto attainment = AttainmentOf(
      goal, kRevenue, {.current = Point(300'000), .before = {}, .trend = {}, .elapsed_days = 25});
  EXPECT_DOUBLE_EQ(attainment.elapsed(), 0.25);
  EXPECT_DOUBLE_EQ(attainment.attainment(), 0.3);
  EXPECT_DOUBLE_EQ(attainment.projection(), 1'200'000);
  EXPECT_TRUE(attainment.on_track());
  EXPECT_FALSE(attainment.has_baseline());
  EXPECT_EQ(attainment.summary(),
            "On track: 300000.00 of 1000000.00 after 25 % of the time; 1200000.00 by 2026-04-11 "
            "if it goes on so.");
  const auto behind = AttainmentOf(
      goal, kRevenue, {.current = Point(200'000), .before = {}, .trend = {}, .elapsed_days = 25});
  EXPECT_FALSE(behind.on_track());
  EXPECT_THAT(behind.summary(), HasSubstr("Not on track"));
}

TEST(AttainmentOf, AScoreIsMeasuredFromTheBaseline) {
  v1::Goal goal = HundredDays(50);
  EXPECT_TRUE(NeedsBaseline(goal, kNps));
  EXPECT_TRUE(NeedsTrend(kNps));
  const auto from_before = AttainmentOf(
      goal, kNps, {.current = Point(40), .before = Point(30), .trend = {}, .elapsed_days = 50});
  EXPECT_DOUBLE_EQ(from_before.baseline(), 30);
  EXPECT_DOUBLE_EQ(from_before.attainment(), 0.5) << "(40 - 30) / (50 - 30)";
  EXPECT_DOUBLE_EQ(from_before.projection(), 40) << "no trend";
  EXPECT_FALSE(from_before.on_track());
  goal.set_baseline(20);
  EXPECT_FALSE(NeedsBaseline(goal, kNps));
  const auto from_baseline = AttainmentOf(
      goal, kNps, {.current = Point(40), .before = {}, .trend = {}, .elapsed_days = 50});
  EXPECT_DOUBLE_EQ(from_baseline.attainment(), 20.0 / 30);
}

TEST(AttainmentOf, TheTrendCarriesTheProjection) {
  v1::Goal goal = HundredDays(60);
  goal.set_baseline(30);
  std::vector<v1::MetricPoint> trend;
  for (int week = 0; week < 7; ++week) {
    v1::MetricPoint& point = trend.emplace_back(Point(30 + 3 * week));
    point.set_start_date(FormatDate(*ParseDate("2026-01-01") + 7 * week));
    point.set_end_date(FormatDate(*ParseDate("2026-01-01") + 7 * week + 7));
  }
  trend.emplace_back(Point(-90)).set_incomplete(true);
  const auto attainment = AttainmentOf(
      goal, kNps, {.current = Point(39), .before = {}, .trend = trend, .elapsed_days = 51});
  // 3 points a week for 49 days more, half of it, as the past days stay in the figure.
  EXPECT_NEAR(attainment.projection(), 39 + 0.5 * 3.0 / 7 * 49, 1e-9);
}

TEST(AttainmentOf, LowerIsBetterForChurn) {
  v1::Goal goal = HundredDays(5);
  goal.set_baseline(10);
  const auto attainment = AttainmentOf(
      goal, kChurn, {.current = Point(4), .before = {}, .trend = {}, .elapsed_days = 120});
  EXPECT_DOUBLE_EQ(attainment.elapsed(), 1);
  EXPECT_DOUBLE_EQ(attainment.attainment(), 1.2);
  EXPECT_TRUE(attainment.on_track());
  EXPECT_EQ(attainment.summary(), "Reached: 4.00 %, the target was 5.00 %.");
  const auto missed = AttainmentOf(
      goal, kChurn, {.current = Point(6), .before = {}, .trend = {}, .elapsed_days = 120});
  EXPECT_EQ(missed.summary(), "Missed: 6.00 %, the target was 5.00 %.");
}

TEST(AttainmentOf, NothingYet) {
  const v1::Goal goal = HundredDays(50);
  const auto before =
      AttainmentOf(goal, kNps, {.current = {}, .before = {}, .trend = {}, .elapsed_days = -3});
  EXPECT_EQ(before.elapsed(), 0);
  EXPECT_FALSE(before.has_attainment());
  EXPECT_EQ(before.summary(), "Not begun; the target is 50.00.");
  const auto empty =
      AttainmentOf(goal, kNps, {.current = {}, .before = {}, .trend = {}, .elapsed_days = 10});
  EXPECT_EQ(empty.summary(), "No value yet; the target is 50.00.");
  EXPECT_FALSE(empty.on_track());
}

TEST(TrendGranularity, FollowsTheLength) {
  EXPECT_EQ(TrendGranularity(31), v1::GRANULARITY_DAY);
  EXPECT_EQ(TrendGranularity(32), v1::GRANULARITY_WEEK);
  EXPECT_EQ(TrendGranularity(365), v1::GRANULARITY_MONTH);
}

TEST(GoalFor, TakesTheOneUnderWayThatEndsFirst) {
  Book book;
  const auto add = [&](const char* id, const char* filter, const char* start, const char* end) {
    v1::Goal& goal = book.goals.emplace_back(HundredDays(1));
    goal.set_goal(id);
    goal.set_filter(filter);
    goal.set_start_date(start);
    goal.set_end_date(end);
  };
  add("year", "", "2026-01-01", "2027-01-01");
  add("quarter", "", "2026-01-01", "2026-04-01");
  add("past", "", "2025-01-01", "2026-01-01");
  add("web", "channel = web", "2026-01-01", "2026-02-01");
  const auto on = [&](const char* filter, const char* date) {
    const v1::Goal* goal = GoalFor(book, "m", filter, *ParseDate(date));
    return goal == nullptr ? std::string() : goal->goal();
  };
  EXPECT_EQ(on("", "2026-03-31"), "quarter");
  EXPECT_EQ(on("", "2026-04-01"), "year") << "the end is exclusive";
  EXPECT_EQ(on("", "2025-12-31"), "past");
  EXPECT_EQ(on("", "2027-01-01"), "");
  EXPECT_EQ(on("channel = web", "2026-01-31"), "web");
  EXPECT_EQ(on("channel = app", "2026-01-31"), "");
  EXPECT_EQ(GoalFor(book, "other", "", *ParseDate("2026-03-31")), nullptr);
}

// Tiers of domain.md 2.10: below 10 developing, 10 to 25 entry, 25 to 50 emerging, 50 to 75
// competitor, 75 to 90 strong, 90 and above leader.
TEST(StandingsOf, InterpolatesWithinEachSet) {
  Book book;
  const auto add = [&](const char* industry, double percentile, double value) {
    v1::Benchmark& benchmark = book.benchmarks.emplace_back();
    benchmark.set_metric("m");
    benchmark.set_industry(industry);
    benchmark.set_source("report");
    benchmark.set_date("2026-01-01");
    benchmark.set_percentile(percentile);
    benchmark.set_value(value);
  };
  add("retail", 25, 10);
  add("retail", 50, 30);
  add("retail", 90, 70);
  add("travel", 50, 80);
  book.benchmarks.emplace_back(book.benchmarks.back()).set_metric("another");
  const auto standings = StandingsOf(book, kNps, 50.0);
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_EQ(standings[0].industry(), "retail");
  EXPECT_EQ(standings[0].published_size(), 3);
  EXPECT_DOUBLE_EQ(standings[0].percentile(), 70) << "half way from 50 to 90";
  EXPECT_EQ(standings[0].tier(), v1::BENCHMARK_TIER_COMPETITOR);
  EXPECT_EQ(standings[1].industry(), "travel");
  EXPECT_FALSE(standings[1].has_percentile());
  EXPECT_EQ(standings[1].tier(), v1::BENCHMARK_TIER_UNSPECIFIED);
  const auto leader = StandingsOf(book, kNps, 71.0);
  EXPECT_FALSE(leader[0].has_percentile());
  EXPECT_EQ(leader[0].tier(), v1::BENCHMARK_TIER_LEADER);
  EXPECT_FALSE(StandingsOf(book, kNps, std::nullopt)[0].has_percentile());
  EXPECT_TRUE(StandingsOf(Book(), kNps, 50.0).empty());
}

}  // namespace
}  // namespace rapport::reference

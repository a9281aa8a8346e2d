// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/standing.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/errors.h"

namespace rapport::metrics {
namespace {

using math::Better;
using Published = std::vector<PublishedValue>;

// Bounds of Google Ads' BenchmarksService tiers: half-open.
TEST(Standing, TiersAreHalfOpen) {
  const struct {
    double percentile;
    Tier tier;
  } kCases[] = {{0, Tier::kDeveloping},  {9.999, Tier::kDeveloping},  {10, Tier::kEntry},
                {24.999, Tier::kEntry},  {25, Tier::kEmerging},       {49.999, Tier::kEmerging},
                {50, Tier::kCompetitor}, {74.999, Tier::kCompetitor}, {75, Tier::kStrong},
                {89.999, Tier::kStrong}, {90, Tier::kLeader},         {100, Tier::kLeader}};
  for (const auto& [percentile, tier] : kCases) EXPECT_EQ(TierOf(percentile), tier) << percentile;
  EXPECT_EQ(TierOf(NAN), Tier::kUnknown);
}

TEST(Standing, InterpolatesBetweenPublishedValues) {
  const Published nps = {{75, 50}, {25, 10}, {50, 30}, {90, 70}};  // Any order.
  const struct {
    double value;
    std::optional<double> percentile;
    Tier tier;
  } kCases[] = {
      {9, std::nullopt, Tier::kUnknown},  // Below 25: developing or entry.
      {10, 25, Tier::kEmerging},         {20, 37.5, Tier::kEmerging}, {30, 50, Tier::kCompetitor},
      {42, 65, Tier::kCompetitor},       {60, 82.5, Tier::kStrong},   {70, 90, Tier::kLeader},
      {71, std::nullopt, Tier::kLeader},
  };
  for (const auto& [value, percentile, tier] : kCases) {
    const Standing standing = StandingOf(value, nps, Better::kHigher);
    EXPECT_EQ(standing.percentile, percentile) << value;
    EXPECT_EQ(standing.tier, tier) << value;
  }
}

// First response time in hours: a quarter answers within 2, 90 % within 24.
TEST(Standing, LowerIsBetterTurnsAround) {
  const Published hours = {{10, 1}, {25, 2}, {50, 6}, {90, 24}};
  const struct {
    double value;
    std::optional<double> percentile;
    Tier tier;
  } kCases[] = {
      {.5, std::nullopt, Tier::kLeader},
      {1, 90, Tier::kLeader},
      {1.5, 82.5, Tier::kStrong},
      {2, 75, Tier::kStrong},
      {6, 50, Tier::kCompetitor},
      {15, 30, Tier::kEmerging},
      {24, 10, Tier::kEntry},
      {25, std::nullopt, Tier::kDeveloping},
  };
  for (const auto& [value, percentile, tier] : kCases) {
    const Standing standing = StandingOf(value, hours, Better::kLower);
    EXPECT_EQ(standing.percentile, percentile) << value;
    EXPECT_EQ(standing.tier, tier) << value;
  }
}

TEST(Standing, EdgesOfWhatIsPublished) {
  EXPECT_EQ(StandingOf(5, {}, Better::kHigher).tier, Tier::kUnknown);
  EXPECT_EQ(StandingOf(NAN, Published{{50, 5}}, Better::kHigher).tier, Tier::kUnknown);
  // One figure: its own percentile is known, nothing else.
  EXPECT_EQ(*StandingOf(5, Published{{50, 5}}, Better::kHigher).percentile, 50);
  EXPECT_EQ(StandingOf(6, Published{{50, 5}}, Better::kHigher).tier, Tier::kUnknown);
  // Several percentiles of one value: the best of them, either way.
  const Published flat = {{10, 0}, {25, 0}, {50, 0}, {90, 4}};
  EXPECT_EQ(*StandingOf(0, flat, Better::kHigher).percentile, 50);
  EXPECT_EQ(*StandingOf(0, flat, Better::kLower).percentile, 90);
}

TEST(Standing, RefusesInconsistentFigures) {
  const struct {
    Published published;
    const char* reason;
  } kCases[] = {
      {{{0, 1}}, "OUT_OF_RANGE"},           {{{100, 1}}, "OUT_OF_RANGE"},
      {{{50, NAN}}, "NOT_FINITE"},          {{{50, 1}, {50, 2}}, "DUPLICATE_PERCENTILE"},
      {{{75, 1}, {25, 2}}, "NOT_MONOTONE"},
  };
  for (const auto& [published, reason] : kCases) {
    const absl::Status status = CheckPublished(published);
    ASSERT_FALSE(status.ok()) << reason;
    EXPECT_EQ(DetailOf(status)->reason, reason);
    EXPECT_EQ(StandingOf(1, published, Better::kHigher).tier, Tier::kUnknown);
  }
  EXPECT_TRUE(CheckPublished(Published{{75, 2}, {25, 2}}).ok());
}

// The percentile rises with the value and mirrors when the direction does.
TEST(Standing, MonotoneAndMirrored) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    Published published, mirrored;
    double percentile = 0, value = -50;
    while ((percentile += 1 + static_cast<double>(random() % 30)) < 100) {
      value += 1 + static_cast<double>(random() % 20);
      published.push_back({percentile, value});
      mirrored.push_back({100 - percentile, -value});
    }
    double last = 0;
    for (double v = -55; v < 200; v += 1.7) {
      const Standing standing = StandingOf(v, published, Better::kHigher);
      const Standing mirror = StandingOf(-v, mirrored, Better::kLower);
      EXPECT_EQ(standing.tier, mirror.tier) << seed;
      ASSERT_EQ(standing.percentile.has_value(), mirror.percentile.has_value());
      if (!standing.percentile.has_value()) continue;
      EXPECT_NEAR(*standing.percentile, *mirror.percentile, 1e-12);
      EXPECT_GE(*standing.percentile, last);
      last = *standing.percentile;
    }
  }
}

GoalState Sum(double current, double elapsed_days) {
  GoalState state;
  state.target = 1200;
  state.measure = GoalMeasure::kSum;
  state.current = current;
  state.elapsed_days = elapsed_days;
  state.total_days = 30;
  return state;
}

TEST(Goal, SumsKeepTheirPace) {
  const GoalProgress progress = ProgressOf(Sum(500, 10));
  EXPECT_DOUBLE_EQ(progress.elapsed, 1.0 / 3);
  EXPECT_DOUBLE_EQ(*progress.attainment, 500.0 / 1200);
  EXPECT_DOUBLE_EQ(*progress.projection, 1500);
  EXPECT_TRUE(progress.on_track);
  EXPECT_FALSE(progress.reached);
  EXPECT_FALSE(ProgressOf(Sum(399, 10)).on_track);
  EXPECT_TRUE(ProgressOf(Sum(1200, 10)).reached);

  const GoalProgress fresh = ProgressOf(Sum(0, 0));
  EXPECT_EQ(fresh.elapsed, 0);
  EXPECT_EQ(*fresh.attainment, 0);
  EXPECT_FALSE(fresh.projection.has_value());
  EXPECT_FALSE(fresh.on_track);

  const GoalProgress over = ProgressOf(Sum(1100, 45));
  EXPECT_EQ(over.elapsed, 1);
  EXPECT_EQ(*over.projection, 1100);
  EXPECT_FALSE(over.on_track || over.reached);
}

// At most 100 complaints, after 140 in the month before.
TEST(Goal, CeilingsAreJudgedByWhereTheyHead) {
  GoalState state = Sum(40, 15);
  state.target = 100;
  state.better = Better::kLower;
  state.baseline = 140;
  const GoalProgress good = ProgressOf(state);
  EXPECT_DOUBLE_EQ(*good.projection, 80);
  EXPECT_DOUBLE_EQ(*good.attainment, 1.5);
  EXPECT_TRUE(good.on_track);
  EXPECT_FALSE(good.reached) << "it can still be broken";
  state.current = 60;
  const GoalProgress bad = ProgressOf(state);
  EXPECT_DOUBLE_EQ(*bad.attainment, .5);
  EXPECT_FALSE(bad.on_track);
  state.elapsed_days = 30;
  EXPECT_TRUE(ProgressOf(state).reached);
  state.elapsed_days = 0;
  EXPECT_FALSE(ProgressOf(state).attainment.has_value());
  state.baseline.reset();
  state.elapsed_days = 15;
  EXPECT_FALSE(ProgressOf(state).attainment.has_value());
  state.current = 50;
  EXPECT_EQ(*ProgressOf(state).attainment, 1);
}

GoalState Level(double current) {
  GoalState state;
  state.target = 50;
  state.measure = GoalMeasure::kLevel;
  state.baseline = 30;
  state.current = current;
  state.elapsed_days = 20;
  state.total_days = 100;
  return state;
}

TEST(Goal, LevelsFollowTheirTrend) {
  // 30 + .2 x, with one wild point.
  std::vector<math::TrendPoint> points;
  for (double day : {0., 4., 8., 12., 16., 20.}) points.push_back({day, 30 + .2 * day});
  points[2].value = 90;
  GoalState state = Level(34);
  EXPECT_EQ(*ProgressOf(state).projection, 34) << "no points, no trend";
  state.points = points;
  const GoalProgress progress = ProgressOf(state);
  EXPECT_DOUBLE_EQ(*progress.attainment, .2);
  EXPECT_NEAR(*progress.projection, 34 + .2 * 80, 1e-12);
  EXPECT_TRUE(progress.on_track);
  // A figure of the whole period keeps its past: half the slope.
  state.measure = GoalMeasure::kPeriod;
  EXPECT_NEAR(*ProgressOf(state).projection, 34 + .1 * 80, 1e-12);
  EXPECT_FALSE(ProgressOf(state).on_track);
  state.measure = GoalMeasure::kLevel;
  state.maximum = 45;
  EXPECT_EQ(*ProgressOf(state).projection, 45);
  EXPECT_FALSE(ProgressOf(state).on_track);
  state.points = std::span(points).first(2);
  EXPECT_EQ(*ProgressOf(state).projection, 34);
}

TEST(Goal, AttainmentAtTheEdges) {
  const struct {
    double target;
    Better better;
    std::optional<double> baseline, current, attainment;
  } kCases[] = {
      {50, Better::kHigher, 30, 40, .5},
      {50, Better::kHigher, 30, 25, -.25},
      {50, Better::kHigher, 30, 60, 1.5},
      {20, Better::kLower, 30, 25, .5},
      {20, Better::kLower, 30, 15, 1.5},
      {20, Better::kLower, 30, 32, -.2},
      {50, Better::kHigher, 50, 50, 1.},  // To be held.
      {50, Better::kHigher, 50, 49, 0.},
      {50, Better::kHigher, 70, 60, 1.},  // Past it from the start.
      {50, Better::kHigher, 70, 40, 0.},
      {20, Better::kLower, 15, 18, 1.},
      {20, Better::kLower, 15, 22, 0.},
      {50, Better::kHigher, std::nullopt, 60, 1.},
      {50, Better::kHigher, std::nullopt, 40, std::nullopt},
      {50, Better::kHigher, 30, std::nullopt, std::nullopt},
  };
  for (const auto& [target, better, baseline, current, attainment] : kCases) {
    GoalState state = Level(0);
    state.target = target;
    state.better = better;
    state.baseline = baseline;
    state.current = current;
    const GoalProgress progress = ProgressOf(state);
    ASSERT_EQ(progress.attainment.has_value(), attainment.has_value()) << target;
    if (attainment.has_value()) {
      EXPECT_NEAR(*progress.attainment, *attainment, 1e-12);
      EXPECT_EQ(*progress.attainment >= 1, progress.on_track);
    }
    EXPECT_EQ(progress.projection.has_value(), current.has_value());
    EXPECT_FALSE(progress.reached) << "the period is not over";
    state.elapsed_days = 100;
    EXPECT_EQ(ProgressOf(state).reached, attainment.value_or(0) >= 1);
  }
  GoalState invalid = Level(40);
  invalid.total_days = 0;
  EXPECT_EQ(ProgressOf(invalid).elapsed, 0);
}

}  // namespace
}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/seasonal.h"

#include <array>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

using Series = std::vector<std::optional<double>>;

constexpr std::array<double, 7> kWeek = {1.0, 1.1, 1.15, 1.1, 1.3, .7, .5};
double Shape(size_t day) { return kWeek[day % 7]; }

// Poisson counts of a weekly shape, `growth` a day.
Series Counts(std::mt19937_64& random, double level, double growth, size_t days) {
  Series series;
  for (size_t day = 0; day < days; ++day) {
    const double mean = level * Shape(day) * (1 + growth * static_cast<double>(day));
    series.push_back(static_cast<double>(std::poisson_distribution<int64_t>(mean)(random)));
  }
  return series;
}

// The last value taken off and judged.
SeasonalJudgement JudgeLast(Series series, const SeasonalOptions& options) {
  const double value = *series.back();
  series.pop_back();
  return JudgeDay(series, value, options);
}

TEST(Seasonal, ExactSeriesIsExpectedExactly) {
  Series series;
  for (size_t day = 0; day < 92; ++day) {
    series.push_back(100 * Shape(day) + 2 * static_cast<double>(day));
  }
  const double truth = *series.back();
  SeasonalOptions options{.confidence = .99, .sampling_error = 1};
  const SeasonalJudgement judged = JudgeLast(series, options);
  ASSERT_TRUE(judged.enough_history);
  EXPECT_NEAR(judged.expected, truth, 1e-9);
  EXPECT_NEAR(judged.deviations, 0, 1e-9);
  EXPECT_FALSE(judged.outside);
  // No spread but the stated error 1: half = t(.99, .37 (91 - 16)) x sqrt(1 + (pi/2)(1/13 +
  // 1/14) + 3.3/91) = 2.765064139428274 x 1.1266294690662382 (scipy).
  EXPECT_NEAR(judged.high - judged.expected, 3.115202743338171, 1e-9);
  EXPECT_NEAR(judged.expected - judged.low, judged.high - judged.expected, 1e-9);
  options.maximum = truth + 1;
  options.minimum = truth - 1;
  const SeasonalJudgement cut = JudgeLast(series, options);
  EXPECT_EQ(cut.high, truth + 1);
  EXPECT_EQ(cut.low, truth - 1);
}

TEST(Seasonal, RefusesShortOrInvalidHistory) {
  const SeasonalOptions options{.sampling_error = 1};
  EXPECT_FALSE(JudgeDay({}, 5, options).enough_history);
  Series series(27, 5.0);
  EXPECT_FALSE(JudgeDay(series, 5, options).enough_history);
  series.push_back(5.0);
  EXPECT_TRUE(JudgeDay(series, 5, options).enough_history);
  EXPECT_FALSE(JudgeDay(series, NAN, options).enough_history);
  EXPECT_FALSE(JudgeDay(series, 5, {}).enough_history) << "no spread and no stated error";
  EXPECT_TRUE(JudgeDay(series, 5, {.transform = Transform::kCount}).enough_history);
  EXPECT_FALSE(JudgeDay(series, -1, {.transform = Transform::kCount}).enough_history);
  EXPECT_FALSE(JudgeDay(series, 5, {.confidence = 1, .sampling_error = 1}).enough_history);
  // Plenty of days, but hardly one of the judged weekday.
  Series gaps(91, 5.0);
  for (size_t back = 7; back <= 91; back += 7) {
    if (back > 21) gaps[91 - back] = std::nullopt;
  }
  EXPECT_FALSE(JudgeDay(gaps, 5, options).enough_history);
  gaps[91 - 28] = 5.0;
  EXPECT_TRUE(JudgeDay(gaps, 5, options).enough_history);
  gaps[90] = INFINITY;
  EXPECT_FALSE(JudgeDay(gaps, 5, options).enough_history);
}

TEST(Seasonal, OnlyTheLastWeeksCount) {
  std::mt19937_64 random(7);
  Series series = Counts(random, 200, 0, 92);
  const SeasonalOptions options{.transform = Transform::kCount};
  const SeasonalJudgement judged = JudgeLast(series, options);
  Series longer(300, 1e6);
  longer.insert(longer.end(), series.begin(), series.end());
  EXPECT_EQ(JudgeLast(longer, options).expected, judged.expected);
  EXPECT_EQ(JudgeLast(longer, options).high, judged.high);
}

// A drop of 30 % of about 800 events a day (400 on the last day of the week, whose own error
// is 5 %), on every weekday, in growing and flat series, with a fifth of the days missing.
TEST(Seasonal, SeesADropOfThirtyPercent) {
  int seen = 0;
  for (uint64_t seed = 1; seed <= 70; ++seed) {
    std::mt19937_64 random(seed);
    Series series = Counts(random, 800, seed % 2 == 0 ? .005 : 0, 85 + seed % 7);
    const double ordinary =
        800 * Shape(series.size() - 1) *
        (1 + (seed % 2 == 0 ? .005 : 0) * static_cast<double>(series.size() - 1));
    for (size_t day = 0; day + 1 < series.size(); ++day) {
      if (random() % 5 == 0) series[day] = std::nullopt;
    }
    series.back() = std::floor(.7 * ordinary);
    const SeasonalJudgement judged = JudgeLast(series, {.transform = Transform::kCount});
    ASSERT_TRUE(judged.enough_history);
    EXPECT_NEAR(judged.expected / ordinary, 1, .15) << seed;
    EXPECT_LT(judged.deviations, 0);
    seen += judged.outside ? 1 : 0;
  }
  EXPECT_EQ(seen, 70);
}

TEST(Seasonal, OneEarlierOutlierHardlyMatters) {
  const SeasonalOptions options{.transform = Transform::kCount};
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    const Series series = Counts(random, 400, .002, 92);
    const SeasonalJudgement judged = JudgeLast(series, options);
    Series wild = series;
    wild[91 - (1 + seed % 40)] = seed % 2 == 0 ? 0 : 20'000;
    const SeasonalJudgement again = JudgeLast(wild, options);
    const double half = (judged.high - judged.low) / 2;
    EXPECT_NEAR(again.expected, judged.expected, .25 * half) << seed;
    EXPECT_NEAR(again.high - again.low, judged.high - judged.low, .3 * half) << seed;
  }
}

// A lasting shift is reported for 8 to 14 days, then it is the new level.
TEST(Seasonal, FollowsALastingShift) {
  std::mt19937_64 random(9);
  Series series = Counts(random, 400, 0, 91);
  std::vector<bool> outside;
  for (size_t day = 91; day < 112; ++day) {
    const double mean = 260 * Shape(day);
    series.push_back(static_cast<double>(std::poisson_distribution<int64_t>(mean)(random)));
    outside.push_back(JudgeLast(series, {.transform = Transform::kCount}).outside);
  }
  for (size_t i = 0; i < 5; ++i) EXPECT_TRUE(outside[i]) << i;
  for (size_t i = 14; i < outside.size(); ++i) EXPECT_FALSE(outside[i]) << i;
}

TEST(Seasonal, ZeroHeavyCounts) {
  std::mt19937_64 random(13);
  Series series;
  for (int day = 0; day < 91; ++day) series.push_back(random() % 10 == 0 ? 1 : 0);
  const SeasonalOptions options{.transform = Transform::kCount};
  const SeasonalJudgement quiet = JudgeDay(series, 0, options);
  ASSERT_TRUE(quiet.enough_history);
  EXPECT_EQ(quiet.low, 0);
  EXPECT_FALSE(quiet.outside);
  EXPECT_FALSE(JudgeDay(series, 2, options).outside);
  EXPECT_TRUE(JudgeDay(series, 12, options).outside);
}

// How often an ordinary day is outside at a confidence; history of 13 weeks, fixed seeds.
double FalseAlarms(const SeasonalOptions& options, const std::function<Series(uint64_t)>& make) {
  int outside = 0;
  constexpr int kRuns = 4000;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    const SeasonalJudgement judged = JudgeLast(make(seed), options);
    EXPECT_TRUE(judged.enough_history);
    outside += judged.outside ? 1 : 0;
  }
  return outside / double{kRuns};
}

Series Normals(uint64_t seed, double growth, size_t days) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0, 2);
  Series series;
  for (size_t day = 0; day < days; ++day) {
    series.push_back(50 + 10 * Shape(day) + growth * static_cast<double>(day) + noise(random));
  }
  return series;
}

TEST(Seasonal, FalseAlarmsAreAsRareAsAsked) {
  const auto normal = [](uint64_t seed) { return Normals(seed, .05, 92); };
  const auto shorter = [](uint64_t seed) { return Normals(seed, 0, 43); };
  const auto counts = [](uint64_t seed) {
    std::mt19937_64 random(seed);
    return Counts(random, 120, .003, 92);
  };
  const double rates[] = {
      FalseAlarms({.confidence = .95}, normal),
      FalseAlarms({.confidence = .99}, normal),
      FalseAlarms({.confidence = .999}, normal),
      FalseAlarms({.confidence = .99}, shorter),
      FalseAlarms({.confidence = .99, .transform = Transform::kCount}, counts),
      FalseAlarms({.confidence = .999, .transform = Transform::kCount}, counts),
  };
  // Measured; two standard errors are 0.7, 0.3 and 0.1 points at 5 %, 1 % and 0.1 %.
  EXPECT_NEAR(rates[0], .05, .012);
  EXPECT_NEAR(rates[1], .01, .005);
  EXPECT_LE(rates[2], .002);
  EXPECT_NEAR(rates[3], .01, .005) << "six weeks";
  EXPECT_NEAR(rates[4], .01, .006) << "Poisson counts, growing";
  EXPECT_LE(rates[5], .002);
}

}  // namespace
}  // namespace rapport::math

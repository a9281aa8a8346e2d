// SPDX-License-Identifier: Apache-2.0
#include "lib/math/significance.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

constexpr double kTight = 1e-10;

void ExpectDifference(const Difference& found, double low, double high, double p_value) {
  ASSERT_TRUE(found.interval.has_value());
  EXPECT_EQ(found.interval->estimate, *found.change);
  EXPECT_NEAR(found.interval->low, low, kTight);
  EXPECT_NEAR(found.interval->high, high, kTight);
  ASSERT_TRUE(found.p_value.has_value()) << found.method;
  EXPECT_NEAR(*found.p_value, p_value, kTight);
}

// Tables by reference/significance.py (scipy, statsmodels). The first row is the example of
// Newcombe 1998 with the groups in the other order: -0.3339 to -0.0524.
TEST(Significance, ProportionsMatchStatsmodels) {
  constexpr struct {
    Proportion first, second;
    double change, low, high, p_value;
  } kCases[] = {
      {{56, 70},
       {48, 80},
       -0.20000000000000007,
       -0.33387265403690614,
       -0.05243147240236498,
       0.00804508136819656},
      {{120, 1000},
       {156, 1000},
       0.036000000000000004,
       0.005749952609411288,
       0.06626927141582276,
       0.019597558130082193},
      {{5, 5000},
       {15, 5100},
       0.0019411764705882352,
       0.00017098111129135846,
       0.003931536284626121,
       0.028230358547127653},
      {{450, 500},
       {430, 520},
       -0.07307692307692315,
       -0.11503804604175258,
       -0.030994539806113462,
       0.0006976940709287277},
      {{10, 50}, {10, 50}, 0.0, -0.1570471409718394, 0.1570471409718394, 1.0},
      {{200000, 1000000},
       {201000, 1000000},
       0.0010000000000000009,
       -0.00010976172012672246,
       0.0021097593274743602,
       0.07737682990765309},
  };
  for (const auto& [first, second, change, low, high, p_value] : kCases) {
    const Difference found = CompareProportions(first, second, .95);
    EXPECT_NEAR(*found.change, change, kTight);
    ExpectDifference(found, low, high, p_value);
    EXPECT_EQ(found.method, "two-proportion z");
    const Difference back = CompareProportions(second, first, .95);
    ExpectDifference(back, -high, -low, p_value);
  }
}

TEST(Significance, ProportionsBelowTheMinimumAreNotTested) {
  const struct {
    Proportion first, second;
    std::string_view method;
  } kCases[] = {
      {{10, 49}, {10, 50}, "fewer than 50 observations on one side"},
      {{4, 100}, {10, 100}, "fewer than 5 successes or failures on one side"},
      {{10, 100}, {96, 100}, "fewer than 5 successes or failures on one side"},
      {{0, 100}, {0, 100}, "fewer than 5 successes or failures on one side"},
  };
  for (const auto& [first, second, method] : kCases) {
    const Difference found = CompareProportions(first, second, .95);
    EXPECT_FALSE(found.p_value.has_value());
    EXPECT_TRUE(found.change.has_value());
    EXPECT_TRUE(found.interval.has_value()) << "Newcombe's holds for small samples";
    EXPECT_EQ(found.method, method);
  }
  EXPECT_TRUE(CompareProportions({5, 50}, {45, 50}, .95).p_value.has_value());
  const Difference none = CompareProportions({0, 0}, {10, 100}, .95);
  EXPECT_FALSE(none.change.has_value() || none.interval.has_value() || none.p_value.has_value());
  EXPECT_EQ(none.method, "no observations on one side");
  for (const Difference& bad :
       {CompareProportions({5, 4}, {1, 2}, .95), CompareProportions({-1, 4}, {1, 2}, .95),
        CompareProportions({60, 100}, {50, 100}, 1)}) {
    EXPECT_EQ(bad.method, "invalid sample");
    EXPECT_FALSE(bad.change.has_value());
  }
}

TEST(Significance, MeansMatchScipy) {
  constexpr struct {
    SampleMean first, second;
    double low, high, p_value;
  } kCases[] = {
      {{60, 10.0, 4.0},
       {80, 11.0, 9.0},
       0.1629523128106548,
       1.837047687189345,
       0.019566405303164433},
      {{50, 0.0, 1.0},
       {5000, 0.1, 100.0},
       -0.2944522632942467,
       0.49445226329424663,
       0.6176414545764422},
      {{1000, 52.3, 310.5},
       {900, 50.1, 280.25},
       -3.746615437659998,
       -0.6533845623399936,
       0.005327625967767185},
      {{55, 5.0, 0.0},
       {70, 5.5, 2.0},
       0.16279267889419424,
       0.8372073211058058,
       0.0042374219697050575},
  };
  for (const auto& [first, second, low, high, p_value] : kCases) {
    const Difference found = CompareMeans(first, second, .95);
    ExpectDifference(found, low, high, p_value);
    EXPECT_EQ(found.method, "Welch t");
  }
  const Difference small = CompareMeans({2, 1, 1}, {100, 2, 1}, .95);
  EXPECT_TRUE(small.interval.has_value());
  EXPECT_EQ(small.method, "fewer than 50 observations on one side");
  EXPECT_FALSE(CompareMeans({1, 1, 0}, {100, 2, 1}, .95).interval.has_value());
  EXPECT_EQ(CompareMeans({100, 1, 0}, {100, 2, 0}, .95).method, "no spread on either side");
  EXPECT_EQ(CompareMeans({0, 0, 0}, {100, 2, 0}, .95).method, "no observations on one side");
  EXPECT_EQ(CompareMeans({100, 0, -1}, {100, 2, 0}, .95).method, "invalid sample");
}

TEST(Significance, MeansFromMoments) {
  Moments moments;
  for (int64_t value : {2, 4, 4, 4, 5, 5, 7, 9}) moments.Add(value);
  const SampleMean mean = MeanOf(moments);
  EXPECT_EQ(mean.n, 8);
  EXPECT_EQ(mean.mean, 5);
  EXPECT_DOUBLE_EQ(mean.variance, 32.0 / 7);
  EXPECT_EQ(MeanOf(Moments()).n, 0);
}

TEST(Significance, NetScoresMatchTheSampleItself) {
  constexpr struct {
    NetScore first, second;
    double low, high, p_value;
  } kCases[] = {
      {{50, 17, 100}, {40, 30, 100}, -44.92270314210914, -1.0772968578908575, 0.03975572993072083},
      {{500, 200, 1000},
       {560, 190, 1020},
       -0.5203002189481136,
       13.069319826791249,
       0.07031388529888177},
      {{60, 0, 60}, {50, 5, 60}, -40.058312575133286, -9.941687424866718, 0.0011380955846749291},
  };
  for (const auto& [first, second, low, high, p_value] : kCases) {
    ExpectDifference(CompareNetScores(first, second, .95), low, high, p_value);
  }
  EXPECT_EQ(CompareNetScores({60, 0, 60}, {70, 0, 70}, .95).method, "no spread on either side");
  EXPECT_EQ(CompareNetScores({9, 1, 10}, {50, 5, 60}, .95).method,
            "fewer than 50 observations on one side");
  EXPECT_EQ(CompareNetScores({}, {50, 5, 60}, .95).method, "no observations on one side");
  EXPECT_EQ(CompareNetScores({50, 20, 60}, {50, 5, 60}, .95).method, "invalid sample");
}

TEST(Significance, CountsMatchScipy) {
  constexpr struct {
    EventCount first, second;
    double change, low, high, p_value;
  } kCases[] = {
      {{60, 30},
       {41, 28},
       -0.5357142857142858,
       -1.2434603102201462,
       0.169375492581891,
       0.1476331979860663},
      {{0, 1}, {12, 1}, 12.0, 5.12677945235596, 20.96158504817696, 0.00048828125},
      {{3, 1}, {4, 1}, 1.0, -5.459901098669707, 7.680430498942578, 1},
      {{15, 7},
       {0, 7},
       -2.142857142857143,
       -3.534316981640835,
       -1.0621472857987555,
       6.103515625e-05},
      {{10000, 365},
       {10400, 366},
       1.018040272475485,
       0.25022420966359593,
       1.7859351117868827,
       0.009369951527023381},
      {{2, 100}, {9, 50}, 0.16, 0.04921386317028284, 0.3226487059932399, 0.002743484224965706},
  };
  for (const auto& [first, second, change, low, high, p_value] : kCases) {
    const Difference found = CompareCounts(first, second, .95);
    EXPECT_NEAR(*found.change, change, kTight);
    ExpectDifference(found, low, high, p_value);
  }
  const Difference none = CompareCounts({0, 1}, {0, 1}, .95);
  EXPECT_EQ(*none.change, 0);
  EXPECT_EQ(none.method, "no events on either side");
  // Garwood's upper limit of nothing seen is -log(.025) = 3.688879454.
  EXPECT_NEAR(none.interval->high, -std::log(.025), 1e-10);
  EXPECT_EQ(CompareCounts({1, 0}, {1, 1}, .95).method, "invalid sample");
}

// With contributions of 1 a total is a count: z = (130 - 100) / sqrt(230).
TEST(Significance, TotalsByHand) {
  const Difference found = CompareTotals({100, 100, 100, 1}, {130, 130, 130, 1}, .95);
  EXPECT_EQ(*found.change, 30);
  EXPECT_NEAR(*found.p_value, std::erfc(30 / std::sqrt(2 * 230.0)), 1e-15);
  EXPECT_NEAR(found.interval->high - 30, 1.959963984540054 * std::sqrt(230), 1e-12);
  const Difference weekly = CompareTotals({70, 700, 9100, 7}, {60, 660, 8000, 6}, .95);
  EXPECT_NEAR(*weekly.change, 10, 1e-12);
  EXPECT_NEAR(weekly.interval->high - 10, 1.959963984540054 * std::sqrt(9100 / 49.0 + 8000 / 36.0),
              1e-10);
  EXPECT_EQ(CompareTotals({49, 100, 100, 1}, {130, 130, 130, 1}, .95).method,
            "fewer than 50 observations on one side");
  EXPECT_EQ(CompareTotals({60, 0, 0, 1}, {60, 0, 0, 1}, .95).method, "no spread on either side");
}

// Two normal intervals give the z test of their difference.
TEST(Significance, IntervalsGiveTheirOwnTest) {
  const double z = 1.959963984540054;
  const Interval first{10, 10 - 3 * z, 10 + 3 * z};
  const Interval second{20, 20 - 4 * z, 20 + 4 * z};
  ExpectDifference(CompareIntervals(first, second, .95), 10 - 5 * z, 10 + 5 * z,
                   std::erfc(2 / std::sqrt(2)));
  EXPECT_EQ(*CompareIntervals(first, first, .95).p_value, 1);
  EXPECT_EQ(CompareIntervals(first, std::nullopt, .95).method, "no interval on one side");
  EXPECT_EQ(CompareIntervals(Interval{1, 1, 1}, Interval{2, 2, 2}, .95).method,
            "no spread on either side");
}

// p < 1 - confidence exactly when 0 is outside the interval.
TEST(Significance, IntervalTestAgreesWithItsInterval) {
  std::mt19937_64 random(17);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  for (int i = 0; i < 2000; ++i) {
    const auto interval = [&] {
      const double centre = 4 * uniform();
      return Interval{centre, centre - 2 * uniform(), centre + 2 * uniform()};
    };
    const double confidence = i % 2 == 0 ? .95 : .8;
    const Difference found = CompareIntervals(interval(), interval(), confidence);
    const bool outside = found.interval->low > 0 || found.interval->high < 0;
    EXPECT_EQ(*found.p_value < 1 - confidence, outside) << i;
  }
}

TEST(Significance, ScalesToOtherUnits) {
  const Difference found = CompareProportions({56, 70}, {48, 80}, .95);
  const Difference percent = Scaled(found, 100);
  EXPECT_NEAR(*percent.change, -20, 1e-12);
  EXPECT_NEAR(percent.interval->low, -33.387265403690614, 1e-9);
  EXPECT_EQ(percent.p_value, found.p_value);
  const Difference flipped = Scaled(found, -100);
  EXPECT_LT(flipped.interval->low, flipped.interval->high);
  EXPECT_FALSE(Scaled(CompareProportions({}, {}, .95), 100).change.has_value());
}

// statsmodels multipletests(method="fdr_bh").
TEST(Significance, BenjaminiHochberg) {
  const std::vector<std::optional<double>> p = {.01, .04, .03, .005, .2, .9, .0001, .04};
  const double adjusted[] = {0.02666666666666667,
                             0.05333333333333334,
                             0.05333333333333334,
                             0.02,
                             0.2285714285714286,
                             0.9,
                             0.0008,
                             0.05333333333333334};
  const auto found = AdjustBenjaminiHochberg(p);
  for (size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(*found[i], adjusted[i], 1e-15) << i;

  // Absent ones do not count.
  std::vector<std::optional<double>> sparse = {std::nullopt};
  for (const auto& value : p) sparse.insert(sparse.end(), {value, std::nullopt});
  sparse.push_back(NAN);
  const auto again = AdjustBenjaminiHochberg(sparse);
  EXPECT_FALSE(again.front().has_value());
  EXPECT_FALSE(again.back().has_value());
  for (size_t i = 0; i < p.size(); ++i) EXPECT_EQ(again[1 + 2 * i], found[i]);
  EXPECT_TRUE(AdjustBenjaminiHochberg({}).empty());
}

// Under no difference, tests reject at most about as often as they say (fixed seed; two
// standard errors of 4000 draws at 5 % are 0.7 points).
TEST(Significance, LevelsHoldWithoutADifference) {
  std::mt19937_64 random(23);
  std::binomial_distribution<int64_t> successes(400, .12);
  std::poisson_distribution<int64_t> events(80);
  std::exponential_distribution<double> times(1);
  int proportions = 0, counts = 0, means = 0;
  constexpr int kDraws = 4000;
  const auto sample = [&] {
    Moments moments;
    for (int i = 0; i < 60; ++i) moments.Add(static_cast<int64_t>(1e6 * times(random)));
    return MeanOf(moments);
  };
  for (int i = 0; i < kDraws; ++i) {
    const Proportion a{successes(random), 400}, b{successes(random), 400};
    proportions += *CompareProportions(a, b, .95).p_value < .05 ? 1 : 0;
    const EventCount c{events(random), 1}, d{events(random), 1};
    counts += *CompareCounts(c, d, .95).p_value < .05 ? 1 : 0;
    const SampleMean e = sample(), f = sample();
    means += *CompareMeans(e, f, .95).p_value < .05 ? 1 : 0;
  }
  EXPECT_NEAR(proportions / double{kDraws}, .05, .01);
  EXPECT_NEAR(means / double{kDraws}, .05, .01);
  EXPECT_LT(counts / double{kDraws}, .05) << "exact, so conservative";
  EXPECT_GT(counts / double{kDraws}, .025);
}

}  // namespace
}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/stats.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

TEST(Normal, QuantileMatchesReferencesAndInvertsTheCdf) {  // mpmath
  EXPECT_NEAR(NormalQuantile(0.975), 1.9599639845400542355, 1e-14);
  EXPECT_NEAR(NormalQuantile(1e-10), -6.3613409024040562047, 1e-12);
  EXPECT_NEAR(TwoSidedZ(0.95), 1.9599639845400542355, 1e-14);
  for (double p : {1e-300, 1e-12, 0.01, 0.3, 0.5, 0.9, 1 - 1e-12}) {
    EXPECT_NEAR(NormalCdf(NormalQuantile(p)) / p, 1, 1e-11);
  }
  EXPECT_EQ(NormalQuantile(0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(NormalQuantile(1), std::numeric_limits<double>::infinity());
}

TEST(Wilson, MatchesReferences) {  // Formula of Wilson 1927 in mpmath.
  const struct {
    uint64_t successes, trials;
    double low, high;
  } cases[] = {
      {8, 10, 0.490162471537, 0.943317848546},
      {0, 10, 0, 0.277532799863},
      {10, 10, 1 - 0.277532799863, 1},
      {50, 100, 0.403831530366, 0.596168469634},
      {604, 3647, 0.153904007829, 0.178030827603},
  };
  for (const auto& c : cases) {
    const auto interval = WilsonInterval(c.successes, c.trials, 0.95);
    ASSERT_TRUE(interval.has_value());
    EXPECT_NEAR(interval->low, c.low, 1e-11);
    EXPECT_NEAR(interval->high, c.high, 1e-11);
  }
}

TEST(Wilson, RefusesImpossibleCounts) {
  EXPECT_FALSE(WilsonInterval(0, 0, 0.95).has_value());
  EXPECT_FALSE(WilsonInterval(3, 2, 0.95).has_value());
  EXPECT_FALSE(WilsonInterval(1, 2, 1.0).has_value());
}

TEST(Nps, WorkedExample) {  // p 1/2, passive 1/3, d 1/6: NPS 33.3, variance 5/9.
  const auto nps = NpsInterval(300, 100, 600, 0.95);
  ASSERT_TRUE(nps.has_value());
  EXPECT_NEAR(nps->estimate, 100.0 / 3, 1e-12);
  const double half = 100 * 1.959963984540054 * std::sqrt(5.0 / 9 / 600);
  EXPECT_NEAR(nps->low, 100.0 / 3 - half, 1e-10);
  EXPECT_NEAR(nps->high, 100.0 / 3 + half, 1e-10);
}

TEST(Nps, SfoSurvey) {  // data/README.md: 1,436 promoters, 342 detractors of 2,746.
  EXPECT_NEAR(NpsInterval(1436, 342, 2746, 0.95)->estimate, 39.8398, 5e-5);
}

TEST(Nps, StaysOnItsScaleAndRefusesImpossibleCounts) {
  EXPECT_EQ(NpsInterval(5, 0, 5, 0.95)->high, 100);
  EXPECT_LE(NpsInterval(9, 0, 10, 0.95)->high, 100);
  EXPECT_FALSE(NpsInterval(3, 3, 5, 0.95).has_value());
  EXPECT_FALSE(NpsInterval(0, 0, 0, 0.95).has_value());
}

TEST(Mean, IntervalFromSums) {  // 1..5: mean 3, sd sqrt(2.5).
  const auto mean = MeanInterval(5, 15, 55, 0.95);
  ASSERT_TRUE(mean.has_value());
  EXPECT_DOUBLE_EQ(mean->estimate, 3);
  EXPECT_NEAR(mean->high - 3, 1.959963984540054 * std::sqrt(2.5 / 5), 1e-12);
  EXPECT_FALSE(MeanInterval(1, 3, 9, 0.95).has_value());
}

TEST(Quantile, InterpolatesLikeTypeSeven) {  // numpy.quantile([1, 2, 4, 8], p)
  const std::vector<double> values = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(*SortedQuantile(values, 0.5), 3);
  EXPECT_DOUBLE_EQ(*SortedQuantile(values, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(*SortedQuantile(values, 1), 8);
  EXPECT_FALSE(SortedQuantile({}, 0.5).has_value());
  EXPECT_FALSE(SortedQuantile(values, 1.5).has_value());
}

TEST(Correlation, PearsonAndWeights) {
  Correlation plain, weighted;
  const double x[] = {1, 2, 3, 3}, y[] = {2, 1, 4, 4};
  for (int i = 0; i < 4; ++i) plain.Add(x[i], y[i]);
  for (int i = 0; i < 3; ++i) weighted.Add(x[i], y[i], i == 2 ? 2 : 1);
  // By hand: sxy = 3.25, sxx = 2.75, syy = 6.75.
  EXPECT_NEAR(*plain.Pearson(), 3.25 / std::sqrt(2.75 * 6.75), 1e-14);
  EXPECT_NEAR(*weighted.Pearson(), *plain.Pearson(), 1e-14);
  Correlation flat;
  for (int i = 0; i < 4; ++i) flat.Add(i, 1e9);
  EXPECT_FALSE(flat.Pearson().has_value());
}

}  // namespace
}  // namespace rapport::math

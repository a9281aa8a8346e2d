// SPDX-License-Identifier: Apache-2.0
#include "lib/value/gamma_gamma.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr BgNbdParameters kBuyers{1.5, 8, .8, 2.4, 7};
constexpr GammaGammaParameters kSpend{6.25, 3.74, 15.44};

TEST(GammaGamma, ExpectedMeanIsAWeightedMean) {  // Note 025, eq. 5, by hand.
  const GammaGamma model = *GammaGamma::Create(kSpend);
  const double population = 6.25 * 15.44 / 2.74;
  EXPECT_NEAR(*model.PopulationMean(), population, 1e-12);
  const double own = 6.25 * 4 / (6.25 * 4 + 2.74);
  EXPECT_NEAR(*model.ExpectedMeanValue(4, 80), own * 80 + (1 - own) * population, 1e-12);
  EXPECT_EQ(*model.ExpectedMeanValue(PurchaseHistory{}), *model.PopulationMean());
  // More refunded than bought says nothing.
  EXPECT_EQ(*model.ExpectedMeanValue(3, -5), *model.PopulationMean());
}

TEST(GammaGamma, HasNoPopulationMeanWhenQIsAtMostOne) {
  const GammaGamma model = *GammaGamma::Create({2, .8, 10});
  EXPECT_FALSE(model.PopulationMean().has_value());
  EXPECT_GT(*model.ExpectedMeanValue(1, 20), 0);
  EXPECT_FALSE(GammaGamma::Create({.1, .2, 10})->ExpectedMeanValue(3, 20).has_value());
}

TEST(GammaGammaFit, RecoversSimulatedParameters) {
  const GammaGammaFit fit = *FitGammaGamma(SimulateHistories(kBuyers, 20'000, 31, kSpend));
  EXPECT_TRUE(fit.summary.usable()) << fit.summary.Explanation();
  const double truth[] = {kSpend.p, kSpend.q, kSpend.gamma};
  for (size_t i = 0; i < 3; ++i) {
    const ParameterEstimate& parameter = fit.summary.parameters[i];
    EXPECT_NEAR(parameter.value, truth[i], 3.5 * parameter.standard_error) << parameter.name;
  }
}

TEST(GammaGammaFit, OrderAndRepetitionDoNotChangeABit) {
  std::vector<PurchaseHistory> rows = SimulateHistories(kBuyers, 1000, 32, kSpend);
  const GammaGammaFit fit = *FitGammaGamma(rows);
  std::vector<PurchaseHistory> twice = rows;
  twice.insert(twice.end(), rows.begin(), rows.end());
  const std::vector<double> weights(rows.size(), 2.0);
  std::shuffle(twice.begin(), twice.end(), std::mt19937_64(3));
  const GammaGammaFit repeated = *FitGammaGamma(twice);
  const GammaGammaFit weighted = *FitGammaGamma(rows, {.weights = weights});
  std::shuffle(rows.begin(), rows.end(), std::mt19937_64(4));
  const GammaGammaFit shuffled = *FitGammaGamma(rows);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(shuffled.summary.parameters[i].value, fit.summary.parameters[i].value);
    EXPECT_EQ(repeated.summary.parameters[i].value, weighted.summary.parameters[i].value);
  }
  EXPECT_EQ(shuffled.summary.log_likelihood, fit.summary.log_likelihood);
}

TEST(GammaGammaFit, CurrencyOnlyRescalesGamma) {
  std::vector<PurchaseHistory> rows = SimulateHistories(kBuyers, 3000, 33, kSpend);
  const GammaGammaFit cents = *FitGammaGamma(rows);
  for (PurchaseHistory& row : rows) row.repeat_value_micros *= 1000;
  const GammaGammaFit yen = *FitGammaGamma(rows);
  EXPECT_NEAR(yen.model.parameters().gamma / cents.model.parameters().gamma, 1000, 1e-4);
  EXPECT_NEAR(yen.model.parameters().p / cents.model.parameters().p, 1, 1e-7);
}

TEST(GammaGammaFit, KeepsAFiniteMeanWhenAsked) {
  // True q .7: no mean, unless it is asked for.
  const auto heavy = SimulateHistories(kBuyers, 5000, 36, {2, .7, 10});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const GammaGammaFit free, FitGammaGamma(heavy));
  EXPECT_LT(free.model.parameters().q, 1);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const GammaGammaFit held,
                               FitGammaGamma(heavy, {.finite_mean = true}));
  EXPECT_GT(held.model.parameters().q, 1);
  EXPECT_TRUE(held.model.PopulationMean().has_value());
  EXPECT_LT(held.summary.log_likelihood, free.summary.log_likelihood);
  EXPECT_FALSE(held.summary.identified());  // At its bound, and it says so.
  // Where q > 1 anyway, nothing changes, errors included.
  const auto rows = SimulateHistories(kBuyers, 5000, 37, kSpend);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const GammaGammaFit a, FitGammaGamma(rows));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const GammaGammaFit b, FitGammaGamma(rows, {.finite_mean = true}));
  EXPECT_NEAR(a.summary.log_likelihood, b.summary.log_likelihood, 1e-7);
  for (size_t i = 0; i < 3; ++i) {
    const ParameterEstimate &x = a.summary.parameters[i], &y = b.summary.parameters[i];
    EXPECT_NEAR(x.value / y.value, 1, 1e-6) << x.name;
    EXPECT_NEAR(x.standard_error / y.standard_error, 1, 1e-4) << x.name;
  }
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(a.covariance[i] / b.covariance[i], 1, 1e-3) << i;
}

TEST(GammaGammaFit, CovarianceIsThatOfLogarithms) {
  const GammaGammaFit fit = *FitGammaGamma(SimulateHistories(kBuyers, 3000, 38, kSpend));
  ASSERT_EQ(fit.covariance.size(), 9u);
  for (size_t i = 0; i < 3; ++i) {
    const ParameterEstimate& parameter = fit.summary.parameters[i];
    EXPECT_NEAR(std::sqrt(fit.covariance[4 * i]) / (parameter.standard_error / parameter.value), 1,
                1e-12);
  }
}

// p = 1, q = 2, gamma = 10, x = 1 of 20: inverse gamma with shape 3 and scale 30, whose
// distribution is e^-u (1 + u + u^2 / 2) at u = 30 / value.
TEST(GammaGamma, DistributionOfTheMeanValue) {
  const GammaGamma model = *GammaGamma::Create({1, 2, 10});
  for (double value : {1.0, 5.0, 15.0, 60.0, 1000.0}) {
    const double u = 30 / value;
    const double cdf = std::exp(-u) * (1 + u + u * u / 2);
    EXPECT_NEAR(model.MeanValueCdf(1, 20, value), cdf, 1e-14);
    EXPECT_NEAR(model.MeanValueQuantile(1, 20, cdf) / value, 1, 1e-9);
  }
  EXPECT_EQ(model.MeanValueCdf(1, 20, 0), 0);
  // Its mean is the expected mean value: integrate the quantile.
  double mean = 0;
  constexpr int kSteps = 200'000;
  for (int i = 0; i < kSteps; ++i) mean += model.MeanValueQuantile(3, 20, (i + .5) / kSteps);
  EXPECT_NEAR(mean / kSteps / *model.ExpectedMeanValue(3, 20), 1, 1e-4);
}

TEST(GammaGammaFit, SaysWhenValuesDoNotVary) {
  std::vector<PurchaseHistory> rows;
  for (uint32_t x = 1; x <= 40; ++x) rows.push_back({x, 10, 20, 10 * kMicrosPerUnit * x});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const GammaGammaFit fit, FitGammaGamma(rows));
  EXPECT_FALSE(fit.summary.usable());
}

TEST(GammaGammaFit, NamesTheBadRow) {
  std::vector<PurchaseHistory> rows = SimulateHistories(kBuyers, 100, 34, kSpend);
  rows[5] = {2, 10, 20, 0};
  EXPECT_THAT(FitGammaGamma(rows), FailsWith("NOT_POSITIVE", "rows[5].repeat_value_micros"));
  EXPECT_THAT(FitGammaGamma(std::vector<PurchaseHistory>(5)), FailsWith("NOT_ENOUGH_DATA", ""));
}

TEST(Independence, FlagsValueThatGrowsWithFrequency) {
  std::vector<PurchaseHistory> rows = SimulateHistories(kBuyers, 2000, 35, kSpend);
  EXPECT_FALSE(CheckIndependence(rows).doubtful);
  for (PurchaseHistory& row : rows) row.repeat_value_micros *= row.frequency;
  const IndependenceCheck check = CheckIndependence(rows);
  EXPECT_TRUE(check.doubtful);
  EXPECT_GT(*check.correlation, .3);
  EXPECT_FALSE(CheckIndependence({}).correlation.has_value());
}

}  // namespace
}  // namespace rapport::value

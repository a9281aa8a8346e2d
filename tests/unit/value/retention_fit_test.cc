// SPDX-License-Identifier: Apache-2.0
#include "lib/value/retention_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

// Percent still there after 0 .. 12 renewals (Fader and Hardie 2007, Table 1).
constexpr double kRegular[] = {100,  63.1, 46.8, 38.2, 32.6, 28.9, 26.2,
                               24.1, 22.3, 20.7, 19.4, 18.3, 17.3};
constexpr double kHighEnd[] = {100,  86.9, 74.3, 65.3, 59.3, 55.1, 51.7,
                               49.1, 46.8, 44.5, 42.7, 40.9, 39.4};

// The first seven renewals of a thousand customers.
std::vector<RetentionRow> Seven(std::span<const double> percent) {
  return *RowsFromSurvivors(percent.first(8), 10);
}

// The same figures by another road (python; LL as a plain sum, mpmath at 30 digits):
//   from mpmath import *; mp.dps = 30
//   def ll(a, b, c):      # s = kRegular or kHighEnd up to 7, c = 1 for sbg
//     S = [beta(a, b + mpf(t)**c) / beta(a, b) if t else mpf(1) for t in range(8)]
//     return 10*(sum((s[t-1]-s[t])*log(S[t-1]-S[t]) for t in range(1, 8)) + s[7]*log(S[7]))
//   x = findroot(gradient of ll(exp(x)), start = scipy Nelder-Mead);  errors from the
//   inverse of diff(ll, x, second) times the parameter.
struct Anchor {
  std::span<const double> percent;
  RetentionKind kind;
  std::vector<double> values, errors;
  double log_likelihood;
  double percent_8_to_12[5];
};

std::vector<Anchor> Anchors() {
  using enum RetentionKind;
  return {
      {kHighEnd,
       kShiftedBetaGeometric,
       {.668088351106, 3.80609496406},
       {.10373493, .78553169},
       -1611.1581473912,
       {46.04396718, 43.577959, 41.41723979, 39.50553432, 37.79990716}},
      {kRegular,
       kShiftedBetaGeometric,
       {.704077298474, 1.18204302621},
       {.065598964, .15247563},
       -1680.2651884633,
       {22.00849665, 20.44107866, 19.1190191, 17.98649924, 17.00374528}},
      {kHighEnd,
       kBetaDiscreteWeibull,
       {.214253339281, 1.42657487486, 1.72356484874},
       {.059579706, .38140861, .30104328},
       -1605.3142132142,
       {46.77523729, 44.8337908, 43.15817401, 41.6915876, 40.39295907}},
      {kRegular,
       kBetaDiscreteWeibull,
       {.455613989372, .779325508388, 1.28345128578},
       {.16704143, .28270992, .29809507},
       -1679.6028329072,
       {22.33531737, 20.89454227, 19.67961055, 18.63812852, 17.73313983}},
  };
}

TEST(RetentionFit, ReproducesBothSegments) {
  for (const Anchor& anchor : Anchors()) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const RetentionFit fit,
                                 FitRetention(Seven(anchor.percent), {.kind = anchor.kind}));
    EXPECT_TRUE(fit.summary.usable()) << fit.summary.Explanation();
    EXPECT_NEAR(fit.summary.log_likelihood, anchor.log_likelihood, 1e-8);
    ASSERT_EQ(fit.summary.parameters.size(), anchor.values.size());
    for (size_t i = 0; i < anchor.values.size(); ++i) {
      const ParameterEstimate& found = fit.summary.parameters[i];
      EXPECT_NEAR(found.value, anchor.values[i], 1e-6 * anchor.values[i]) << found.name;
      EXPECT_NEAR(found.standard_error, anchor.errors[i], 1e-4 * anchor.errors[i]) << found.name;
    }
    for (int i = 0; i < 5; ++i) {
      EXPECT_NEAR(100 * fit.model.Survival(8 + i), anchor.percent_8_to_12[i], 1e-5);
    }
    EXPECT_EQ(fit.observed_periods, 7u);
    EXPECT_NEAR(fit.summary.observations, 1000, 1e-9);
  }
}

// A Weibull bends where the other cannot: years 8 to 12 come closer to what happened.
TEST(RetentionFit, WeibullForecastsTheSegmentsBetter) {
  for (std::span<const double> percent : {std::span(kRegular), std::span(kHighEnd)}) {
    double error[2] = {0, 0};
    for (RetentionKind kind :
         {RetentionKind::kShiftedBetaGeometric, RetentionKind::kBetaDiscreteWeibull}) {
      const RetentionFit fit = *FitRetention(Seven(percent), {.kind = kind});
      for (size_t t = 8; t <= 12; ++t) {
        error[kind == RetentionKind::kBetaDiscreteWeibull] +=
            std::fabs(100 * fit.model.Survival(static_cast<double>(t)) - percent[t]);
      }
    }
    EXPECT_LT(error[1], error[0]);
  }
}

TEST(RetentionFit, RefusesBadRows) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  using Rows = std::vector<RetentionRow>;
  EXPECT_THAT(FitRetention(Rows{{1, true, 1}, {2, false, -1}}),
              FailsWith("NEGATIVE", "rows[1].weight"));
  EXPECT_THAT(FitRetention(Rows{{1, true, nan}}), FailsWith("NOT_FINITE", "rows[0].weight"));
  EXPECT_THAT(FitRetention(Rows{{0, true, 1}}), FailsWith("OUT_OF_RANGE", "rows[0].periods"));
  EXPECT_THAT(FitRetention(Rows{{4, false, 10}}), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(FitRetention(Rows{{1, true, 10}}), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(FitRetention(Rows{}), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(FitRetention(Seven(kRegular), {.warm_start = RetentionParameters{1, -1, 1}}),
              FailsWith("NOT_POSITIVE", "warm_start.beta"));
  EXPECT_THAT(RowsFromSurvivors(std::vector{10.0, 11.0}), FailsWith("INCREASED", "survivors[1]"));
  EXPECT_THAT(RowsFromSurvivors(std::vector{10.0}), FailsWith("TOO_SHORT", "survivors"));
  EXPECT_THAT(RowsFromSurvivors(kRegular, 0), FailsWith("NOT_POSITIVE", "scale"));
}

TEST(RetentionFit, SaysWhenTheDataDoNotHoldTheParameters) {
  // One renewal tells the mean chance only.
  const std::vector<RetentionRow> one = {{1, true, 300}, {1, false, 700}};
  for (RetentionKind kind :
       {RetentionKind::kShiftedBetaGeometric, RetentionKind::kBetaDiscreteWeibull}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const RetentionFit fit, FitRetention(one, {.kind = kind}));
    EXPECT_FALSE(fit.summary.usable());
    EXPECT_NEAR(fit.model.Survival(1), .7, 1e-4);
    EXPECT_EQ(SurvivalInterval(fit, 5, .95), std::nullopt);
  }
  // Everybody alike: a geometric decline, for which alpha and beta run away together.
  const std::vector<double> geometric = {1024, 512, 256, 128, 64, 32};
  const RetentionFit fit = *FitRetention(*RowsFromSurvivors(geometric));
  EXPECT_FALSE(fit.summary.usable());
  EXPECT_NEAR(fit.model.Survival(8), std::pow(.5, 8), 1e-4);
}

TEST(RetentionFit, OrderSplittingAndWarmStartDoNotMatter) {
  std::vector<RetentionRow> rows = Seven(kRegular);
  for (RetentionKind kind :
       {RetentionKind::kShiftedBetaGeometric, RetentionKind::kBetaDiscreteWeibull}) {
    const RetentionFit cold = *FitRetention(rows, {.kind = kind});
    std::vector<RetentionRow> mixed = rows;
    mixed.push_back({0, false, 400});  // Just joined: says nothing.
    for (uint64_t seed : {1u, 2u, 3u}) {
      std::shuffle(mixed.begin(), mixed.end(), std::mt19937_64(seed));
      const RetentionFit fit = *FitRetention(mixed, {.kind = kind});
      EXPECT_EQ(fit.summary.log_likelihood, cold.summary.log_likelihood);
      EXPECT_EQ(fit.model.parameters().alpha, cold.model.parameters().alpha);
    }
    const RetentionFit warm =
        *FitRetention(rows, {.kind = kind, .warm_start = cold.model.parameters()});
    EXPECT_LT(warm.summary.evaluations, cold.summary.evaluations);
    EXPECT_NEAR(warm.summary.log_likelihood, cold.summary.log_likelihood, 1e-9);
  }
}

TEST(RetentionFit, IntervalsAreThoseOfTheDeltaMethod) {
  const RetentionFit fit = *FitRetention(Seven(kHighEnd));
  // By hand for DERL in mpmath-checked parameters: slopes by a coarser difference.
  const auto derl = [&](double alpha, double beta) {
    return std::log(*RetentionModel::Create({alpha, beta, 1})->Derl(7, .1));
  };
  const RetentionParameters p = fit.model.parameters();
  const double h = 1e-3;
  const double da = (derl(p.alpha * (1 + h), p.beta) - derl(p.alpha * (1 - h), p.beta)) / (2 * h);
  const double db = (derl(p.alpha, p.beta * (1 + h)) - derl(p.alpha, p.beta * (1 - h))) / (2 * h);
  const auto& v = fit.covariance;
  const double error = std::sqrt(da * da * v[0] + 2 * da * db * v[1] + db * db * v[3]);
  const auto interval = DerlInterval(fit, 7, .1, .95);
  ASSERT_TRUE(interval.has_value());
  EXPECT_NEAR(interval->estimate, 7.529628, 1e-5);
  EXPECT_NEAR(std::log(interval->high / interval->estimate), 1.959964 * error, 1e-5);
  double width = 0;
  for (double t : {0.0, 1.0, 7.0, 12.0, 60.0}) {
    const auto chance = SurvivalInterval(fit, t, .95);
    ASSERT_TRUE(chance.has_value());
    EXPECT_TRUE(chance->low >= 0 && chance->low <= chance->estimate &&
                chance->estimate <= chance->high && chance->high <= 1);
    EXPECT_GE(chance->high - chance->low, t == 0 ? 0 : width);
    if (t >= 7) width = chance->high - chance->low;
  }
  // 39.4 % were there after 12 years.
  EXPECT_TRUE(SurvivalInterval(fit, 12, .95)->high > .394);
  EXPECT_EQ(DerlInterval(fit, 7, 0, .95), std::nullopt);
  EXPECT_EQ(SurvivalInterval(fit, 7, 1.5), std::nullopt);
}

TEST(RetentionCohorts, ApartPooledAndTested) {
  std::vector<RetentionCohort> cohorts = {
      {"regular", Seven(kRegular)}, {"high_end", Seven(kHighEnd)}, {"young", {{1, false, 50}}}};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const CohortFits fits, FitCohorts(cohorts));
  EXPECT_THAT(fits.apart[2], FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_EQ(&fits.Best(2), &fits.pooled);
  EXPECT_EQ(fits.Best(0).summary.log_likelihood, fits.apart[0]->summary.log_likelihood);
  EXPECT_NEAR(fits.pooled.summary.observations, 2050, 1e-9);
  ASSERT_TRUE(fits.test.has_value());
  EXPECT_EQ(fits.test->cohorts, 2u);
  EXPECT_EQ(fits.test->degrees, 2);
  EXPECT_NEAR(fits.test->log_likelihood_apart, -1611.1581473912 - 1680.2651884633, 1e-7);
  EXPECT_GT(fits.test->statistic, 100);
  EXPECT_LT(fits.test->p_value, 1e-20);
  // The same customers twice do not differ.
  cohorts[1].rows = cohorts[0].rows;
  const CohortFits same = *FitCohorts(cohorts);
  EXPECT_NEAR(same.test->statistic, 0, 1e-6);
  EXPECT_NEAR(same.test->p_value, 1, 1e-6);
  cohorts[1].rows[3].weight = -1;
  EXPECT_THAT(FitCohorts(cohorts), FailsWith("NEGATIVE", "cohorts[1].rows[3].weight"));
}

// Customers of different ages: churn where seen, censored elsewhere.
TEST(RetentionFit, RecoversTheTruth) {
  const RetentionModel truth = *RetentionModel::Create({.9, 2.5, 1.4});
  std::mt19937_64 random(3);
  std::vector<RetentionRow> rows;
  for (int customer = 0; customer < 40'000; ++customer) {
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    const auto age = static_cast<uint32_t>(4 + random() % 20);
    uint32_t t = 1;
    while (t <= age && truth.Survival(t) > u) ++t;
    rows.push_back({std::min(t, age), t <= age, 1});
  }
  const RetentionFit fit = *FitRetention(rows, {.kind = RetentionKind::kBetaDiscreteWeibull});
  ASSERT_TRUE(fit.summary.usable()) << fit.summary.Explanation();
  EXPECT_LT(fit.summary.distinct_rows, 30u);
  const double values[] = {.9, 2.5, 1.4};
  for (size_t i = 0; i < 3; ++i) {
    const ParameterEstimate& found = fit.summary.parameters[i];
    EXPECT_NEAR(found.value, values[i], 3 * found.standard_error) << found.name;
    EXPECT_LT(found.standard_error, .1 * values[i]) << found.name;
  }
  const auto later = SurvivalInterval(fit, 40, .99);
  EXPECT_TRUE(later->low < truth.Survival(40) && truth.Survival(40) < later->high);
}

}  // namespace
}  // namespace rapport::value

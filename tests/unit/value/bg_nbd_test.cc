// SPDX-License-Identifier: Apache-2.0
#include "lib/value/bg_nbd.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr BgNbdParameters kCdnow{.2425945, 4.413602, .792922, 2.425907, 7};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> Bits(const BgNbdFit& fit) {
  std::vector<double> bits;
  for (const ParameterEstimate& parameter : fit.summary.parameters) {
    bits.push_back(parameter.value);
    bits.push_back(parameter.standard_error);
  }
  bits.push_back(fit.summary.log_likelihood);
  for (const FrequencyRow& row : fit.frequencies) bits.push_back(row.expected);
  return bits;
}

TEST(BgNbd, RefusesBadParameters) {
  EXPECT_THAT(BgNbd::Create({0, 1, 1, 1, 7}), FailsWith("NOT_POSITIVE", "r"));
  EXPECT_THAT(BgNbd::Create({1, kNan, 1, 1, 7}), FailsWith("NOT_POSITIVE", "alpha"));
  EXPECT_THAT(BgNbd::Create({1, 1, 1, -1, 7}), FailsWith("NOT_POSITIVE", "b"));
  EXPECT_THAT(BgNbd::Create({1, 1, 1, 1, 0}), FailsWith("NOT_POSITIVE", "time_unit_days"));
}

TEST(BgNbd, OneTimeBuyerNeverLeaves) {
  const BgNbd model = *BgNbd::Create(kCdnow);
  const PurchaseHistory history{.age_days = 3650};
  EXPECT_TRUE(BgNbd::AliveByConstruction(history));
  EXPECT_EQ(model.PAlive(history), 1);
  EXPECT_FALSE(BgNbd::AliveByConstruction({.frequency = 1, .recency_days = 1, .age_days = 2}));
}

TEST(BgNbd, PAliveMatchesTheFormula) {  // Fader, Hardie, Lee 2008 note 021, by hand in weeks.
  const BgNbd model = *BgNbd::Create(kCdnow);
  const PurchaseHistory history{.frequency = 2, .recency_days = 30.43 * 7, .age_days = 38.86 * 7};
  const double ratio = std::pow((4.413602 + 38.86) / (4.413602 + 30.43), 2.2425945);
  EXPECT_NEAR(model.PAlive(history), 1 / (1 + .792922 / 3.425907 * ratio), 1e-14);
}

TEST(BgNbd, FuturePurchasesMatchThePublishedPmf) {
  // Fader, Hardie, Lee 2005 eq. 9 in mpmath; r .5, alpha 4, a .8, b 2.4, t 10.
  const BgNbd model = *BgNbd::Create({.5, 4, .8, 2.4, 1});
  const double expected[] = {0.53452248382484877, 0.25954504435401516, 0.10131672023482179,
                             0.047367916112951732, 0.024410527111304049};
  const std::vector<double> pmf = model.FuturePurchases({}, 10, 4);
  for (size_t n = 0; n < 5; ++n) EXPECT_NEAR(pmf[n], expected[n], 1e-14) << n;
}

// Three routes to one truth: the pmf sums to 1, its mean is the expectation, its head is
// the chance of no purchase.
TEST(BgNbd, PmfExpectationAndProbabilityAgree) {
  const BgNbd model = *BgNbd::Create({1.3, 6, 2.5, 4, 7});
  const PurchaseHistory histories[] = {{},
                                       {.age_days = 90},
                                       {.frequency = 3, .recency_days = 60, .age_days = 90},
                                       {.frequency = 12, .recency_days = 300, .age_days = 310}};
  for (const PurchaseHistory& history : histories) {
    const std::vector<double> pmf = model.FuturePurchases(history, 180, 4000);
    double mean = 0;
    for (size_t n = 0; n < pmf.size(); ++n) mean += static_cast<double>(n) * pmf[n];
    EXPECT_NEAR(std::accumulate(pmf.begin(), pmf.end(), 0.0), 1, 1e-12);
    EXPECT_NEAR(mean, model.ExpectedPurchases(history, 180), 1e-9);
    EXPECT_NEAR(1 - pmf[0], model.ProbabilityOfPurchase(history, 180), 1e-13);
  }
}

TEST(BgNbd, PAliveAheadFallsFromPAlive) {
  const BgNbd model = *BgNbd::Create(kCdnow);
  const PurchaseHistory history{.frequency = 4, .recency_days = 200, .age_days = 210};
  double previous = model.PAlive(history);
  EXPECT_EQ(model.PAliveAhead(history, 0), previous);
  for (double days : {1e-6, 1.0, 30.0, 365.0, 3650.0, 1e6}) {
    const double ahead = model.PAliveAhead(history, days);
    EXPECT_LE(ahead, previous * (1 + 1e-12)) << days;
    EXPECT_GE(ahead, 0);
    previous = ahead;
  }
  // dE/dt = rate x P(alive then) ties it to the expectation, here for a narrow rate.
  const BgNbd narrow = *BgNbd::Create({1e6, 1e6, .8, 2.4, 1});
  const double slope =
      (narrow.ExpectedPurchases({}, 10.001) - narrow.ExpectedPurchases({}, 9.999)) / .002;
  EXPECT_NEAR(slope, narrow.PAliveAhead({}, 10), 1e-6);
}

TEST(BgNbd, RandomValidInputGivesFiniteMonotoneAnswers) {
  std::mt19937_64 random(20240601);
  const auto log_uniform = [&](double low, double high) {
    return std::exp(std::uniform_real_distribution<>(std::log(low), std::log(high))(random));
  };
  for (int round = 0; round < 4000; ++round) {
    const BgNbd model = *BgNbd::Create({log_uniform(1e-3, 1e3), log_uniform(1e-3, 1e5),
                                        log_uniform(1e-3, 1e4), log_uniform(1e-3, 1e4), 7});
    PurchaseHistory history;
    history.age_days = random() % 10 == 0 ? 0 : log_uniform(1e-3, 1e5);
    if (history.age_days > 0 && random() % 3 != 0) {
      history.frequency = static_cast<uint32_t>(log_uniform(1, 10'000));
      history.recency_days =
          random() % 4 == 0 ? history.age_days : history.age_days * log_uniform(1e-6, 1);
    }
    RAPPORT_ASSERT_OK(ValidateHistory(history));
    const double alive = model.PAlive(history);
    ASSERT_TRUE(alive >= 0 && alive <= 1);
    ASSERT_TRUE(std::isfinite(model.LogLikelihood(history)));
    double previous = 0;
    for (double horizon : {0.0, 1e-9, 0.5, 30.0, 365.0, 36400.0}) {
      const double expected = model.ExpectedPurchases(history, horizon);
      ASSERT_TRUE(std::isfinite(expected)) << round;
      ASSERT_GE(expected, previous * (1 - 1e-9)) << round << " horizon " << horizon;
      const double any = model.ProbabilityOfPurchase(history, horizon);
      ASSERT_TRUE(any >= 0 && any <= alive);
      ASSERT_LE(any, expected * (1 + 1e-9)) << round;  // Markov.
      previous = expected;
    }
  }
}

TEST(BgNbdFit, DoesNotDependOnTheOrderOfRows) {
  std::vector<PurchaseHistory> rows = SimulateHistories(kCdnow, 3000, 1);
  const std::vector<double> bits = Bits(*FitBgNbd(rows));
  for (uint64_t seed : {1u, 2u}) {
    std::shuffle(rows.begin(), rows.end(), std::mt19937_64(seed));
    EXPECT_EQ(Bits(*FitBgNbd(rows)), bits);
  }
}

TEST(BgNbdFit, WeightsAreRepetition) {
  const std::vector<PurchaseHistory> rows = SimulateHistories(kCdnow, 1500, 2);
  std::vector<PurchaseHistory> repeated;
  std::vector<double> weights;
  for (size_t i = 0; i < rows.size(); ++i) {
    weights.push_back(static_cast<double>(i % 4));
    for (size_t k = 0; k < i % 4; ++k) repeated.push_back(rows[i]);
  }
  EXPECT_EQ(Bits(*FitBgNbd(rows, {.weights = weights})), Bits(*FitBgNbd(repeated)));
}

TEST(BgNbdFit, TimeUnitOnlyRescalesAlpha) {
  const std::vector<PurchaseHistory> rows = SimulateHistories(kCdnow, 3000, 3);
  const BgNbdFit weeks = *FitBgNbd(rows);
  const BgNbdFit days = *FitBgNbd(rows, {.time_unit_days = 1});
  EXPECT_NEAR(days.model.parameters().alpha / weeks.model.parameters().alpha, 7, 1e-6);
  EXPECT_NEAR(days.model.parameters().b / weeks.model.parameters().b, 1, 1e-6);
  const PurchaseHistory history{.frequency = 2, .recency_days = 100, .age_days = 200};
  EXPECT_NEAR(days.model.ExpectedPurchases(history, 90), weeks.model.ExpectedPurchases(history, 90),
              1e-7);
}

TEST(BgNbdFit, WarmStartEndsAtTheSamePlaceInFewerSteps) {
  const std::vector<PurchaseHistory> rows = SimulateHistories(kCdnow, 5000, 4);
  const BgNbdFit cold = *FitBgNbd(rows);
  const BgNbdFit warm = *FitBgNbd(rows, {.warm_start = cold.model.parameters()});
  EXPECT_LT(warm.summary.evaluations, cold.summary.evaluations / 2);
  EXPECT_NEAR(warm.model.parameters().alpha / cold.model.parameters().alpha, 1, 1e-8);
}

TEST(BgNbdFit, RecoversSimulatedParameters) {
  const BgNbdParameters truths[] = {kCdnow, {1.5, 8, 1.2, 3, 7}, {.6, 20, .5, 4, 1}};
  uint64_t seed = 100;
  for (const BgNbdParameters& truth : truths) {
    const BgNbdFit fit = *FitBgNbd(SimulateHistories(truth, 20'000, ++seed),
                                   {.time_unit_days = truth.time_unit_days});
    EXPECT_TRUE(fit.summary.usable()) << fit.summary.Explanation();
    const double values[] = {truth.r, truth.alpha, truth.a, truth.b};
    for (size_t i = 0; i < 4; ++i) {
      const ParameterEstimate& parameter = fit.summary.parameters[i];
      // Seeds are fixed; 3.5 standard errors leave one false alarm in 2,000.
      EXPECT_NEAR(parameter.value, values[i], 3.5 * parameter.standard_error) << parameter.name;
    }
  }
}

TEST(BgNbdFit, SaysWhenNobodyLeaves) {
  // Almost no chance to leave: a / (a + b) runs to 0 and the data cannot hold b.
  const std::vector<PurchaseHistory> rows = SimulateHistories({2, 4, 1e-3, 1e4, 7}, 4000, 5);
  const BgNbdFit fit = *FitBgNbd(rows);
  EXPECT_FALSE(fit.summary.identified());
  EXPECT_FALSE(fit.summary.usable());
  EXPECT_NE(fit.summary.Explanation(), "");
}

TEST(BgNbdFit, NamesTheBadRowAndField) {
  const std::vector<PurchaseHistory> good = SimulateHistories(kCdnow, 50, 6);
  const struct {
    PurchaseHistory row;
    const char *reason, *field;
  } cases[] = {
      {{0, 5, 10, 0}, "RECENCY_WITHOUT_REPEAT", "rows[7].recency_days"},
      {{1, 0, 10, 0}, "RECENCY_MISSING", "rows[7].recency_days"},
      {{1, 11, 10, 0}, "RECENCY_AFTER_AGE", "rows[7].recency_days"},
      {{1, kNan, 10, 0}, "NOT_FINITE", "rows[7].recency_days"},
      {{1, 5, std::numeric_limits<double>::infinity(), 0}, "NOT_FINITE", "rows[7].age_days"},
      {{1, -5, 10, 0}, "NEGATIVE", "rows[7].recency_days"},
      {{0, 0, -1, 0}, "NEGATIVE", "rows[7].age_days"},
  };
  for (const auto& c : cases) {
    std::vector<PurchaseHistory> rows = good;
    rows[7] = c.row;
    EXPECT_THAT(FitBgNbd(rows), FailsWith(c.reason, c.field));
  }
  std::vector<double> weights(good.size(), 1.0);
  weights[3] = -1;
  EXPECT_THAT(FitBgNbd(good, {.weights = weights}), FailsWith("NEGATIVE", "weights[3]"));
  weights.pop_back();
  EXPECT_THAT(FitBgNbd(good, {.weights = weights}), FailsWith("LENGTH_MISMATCH", "weights"));
  EXPECT_THAT(FitBgNbd(good, {.warm_start = BgNbdParameters{1, 1, 0, 1, 7}}),
              FailsWith("NOT_POSITIVE", "warm_start.a"));
  EXPECT_THAT(FitBgNbd(std::vector<PurchaseHistory>(9, {0, 0, 30, 0})),
              FailsWith("NOT_ENOUGH_DATA", ""));
}

}  // namespace
}  // namespace rapport::value

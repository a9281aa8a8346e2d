// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/evaluation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/predict/simulated_rows.h"

namespace rapport::predict {
namespace {

using testing::FailsWith;

// outcomes() of predict_reference.py.
std::vector<Outcome> ReferenceOutcomes() {
  SplitMix64 random(11);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 120; ++i) {
    const double u = random.Uniform();
    const double p = std::round((0.02 + 0.9 * u * u) * 100) / 100;
    const bool happened = random.Uniform() < Chance(0.3 + 0.7 * std::log(p / (1 - p)));
    outcomes.push_back({p, happened, 1.0 + (i % 4) * 0.5});
  }
  return outcomes;
}

void Shuffle(std::vector<Outcome>& outcomes, uint64_t seed) {
  SplitMix64 random(seed);
  for (size_t i = outcomes.size(); i > 1; --i) {
    std::swap(outcomes[i - 1],
              outcomes[static_cast<size_t>(random.Uniform() * static_cast<double>(i))]);
  }
}

// Printed by predict_reference.py (numpy, all pairs for the AUC and its error).
TEST(Evaluation, AgreesWithNumpy) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation e, Evaluate(ReferenceOutcomes()));
  EXPECT_EQ(e.rows, 120U);
  EXPECT_NEAR(e.base_rate, 0.392857142857143, 1e-14);
  EXPECT_NEAR(e.brier, 0.168053095238095, 1e-14);
  EXPECT_NEAR(e.brier_skill, 0.295435151515152, 1e-13);
  EXPECT_NEAR(e.log_loss, 0.498103827380141, 1e-13);
  ASSERT_TRUE(e.auc);
  EXPECT_NEAR(e.auc->estimate, 0.837243018419489, 1e-13);
  EXPECT_NEAR((e.auc->high - e.auc->low) / (2 * 1.959963984540054), 0.0385622772724121, 1e-12);
  ASSERT_TRUE(e.calibration_line);
  EXPECT_NEAR(e.calibration_line->intercept, 0.234381433095901, 1e-8);
  EXPECT_NEAR(e.calibration_line->slope, 0.93119660604838, 1e-8);
  EXPECT_NEAR(std::sqrt(e.calibration_line->covariance[0]), 0.18641612242071, 1e-8);
  EXPECT_NEAR(std::sqrt(e.calibration_line->covariance[2]), 0.134535563299391, 1e-8);

  std::vector<Outcome> unweighted = ReferenceOutcomes();
  for (Outcome& outcome : unweighted) outcome.weight = 1;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation plain, Evaluate(unweighted));
  EXPECT_NEAR(plain.auc->estimate, 0.841588643914225, 1e-13);
  EXPECT_NEAR((plain.auc->high - plain.auc->estimate) / 1.959963984540054, 0.0354444214126871,
              1e-12);
}

// P(a random positive scores higher), half for ties: every pair counted.
TEST(Evaluation, AucEqualsAllPairs) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SplitMix64 random(seed);
    std::vector<Outcome> outcomes;
    for (int i = 0; i < 60; ++i) {
      outcomes.push_back({std::floor(random.Uniform() * 8) / 8, random.Uniform() < 0.4,
                          1 + std::floor(random.Uniform() * 3)});
    }
    double won = 0, pairs = 0;
    for (const Outcome& a : outcomes) {
      for (const Outcome& b : outcomes) {
        if (!a.happened || b.happened) continue;
        const double weight = a.weight * b.weight;
        pairs += weight;
        won += weight * (a.probability > b.probability    ? 1
                         : a.probability == b.probability ? 0.5
                                                          : 0);
      }
    }
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation e, Evaluate(outcomes));
    EXPECT_NEAR(e.auc->estimate, won / pairs, 1e-13) << "seed " << seed;
  }
}

// Grouped by distinct forecasts the decomposition of Murphy is exact.
TEST(Evaluation, BrierDecomposition) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 1000; ++i) outcomes.push_back({0.05 + 0.1 * (i % 10), i % 7 < i % 10});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation e, Evaluate(outcomes));
  ASSERT_EQ(e.reliability.size(), 10U);
  EXPECT_NEAR(e.brier_terms.within_bins, 0, 1e-14);
  EXPECT_NEAR(e.brier,
              e.brier_terms.reliability - e.brier_terms.resolution + e.brier_terms.uncertainty,
              1e-14);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation mixed, Evaluate(ReferenceOutcomes()));
  const BrierTerms& t = mixed.brier_terms;
  EXPECT_NEAR(mixed.brier, t.reliability - t.resolution + t.uncertainty + t.within_bins, 1e-15);
  EXPECT_NE(t.within_bins, 0);
}

// Ten forecasts, worked out by hand.
TEST(Evaluation, SmallTableByHand) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 10; ++i) outcomes.push_back({0.1 * i + 0.05, i == 9 || i == 8 || i == 4});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation e, Evaluate(outcomes, 5));
  EXPECT_NEAR(e.base_rate, 0.3, 1e-15);
  EXPECT_NEAR(e.mean_forecast, 0.5, 1e-15);
  EXPECT_NEAR(e.auc->estimate, (7 + 7 + 4) / 21.0, 1e-15);
  EXPECT_NEAR(e.log_loss_base_rate, -0.3 * std::log(0.3) - 0.7 * std::log(0.7), 1e-15);
  ASSERT_EQ(e.reliability.size(), 5U);
  const double observed[] = {0, 0, 0.5, 0, 1};
  double ece = 0;
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(e.reliability[i].rows, 2U);
    EXPECT_NEAR(e.reliability[i].mean_forecast, 0.1 + 0.2 * static_cast<double>(i), 1e-15);
    EXPECT_EQ(e.reliability[i].observed.estimate, observed[i]);
    ece += std::fabs(observed[i] - e.reliability[i].mean_forecast) / 5;
  }
  EXPECT_NEAR(e.expected_calibration_error, ece, 1e-15);
  EXPECT_NEAR(e.largest_calibration_error, 0.7, 1e-15);
  const auto wilson = math::WilsonInterval(1, 2, 0.95);
  EXPECT_EQ(e.reliability[2].observed.low, wilson->low);
  EXPECT_EQ(e.reliability[2].observed.high, wilson->high);
  ASSERT_EQ(e.gains.size(), 10U);
  EXPECT_NEAR(e.gains[0].lift, 1 / 0.3, 1e-12);
  EXPECT_NEAR(e.gains[1].cumulative_gain, 2.0 / 3, 1e-12);
  EXPECT_NEAR(e.gains[2].rate, 0, 1e-12);
  EXPECT_NEAR(e.gains[5].cumulative_gain, 1, 1e-12);
  EXPECT_NEAR(e.gains[5].cumulative_lift, 10.0 / 6, 1e-12);
  EXPECT_NEAR(e.gains[9].lowest, 0.05, 1e-15);
}

TEST(Evaluation, TiesShareGainsEvenly) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 100; ++i) outcomes.push_back({0.3, i < 30});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation e, Evaluate(outcomes));
  EXPECT_EQ(e.auc->estimate, 0.5);
  EXPECT_EQ(e.reliability.size(), 1U);
  for (const GainDecile& decile : e.gains) {
    EXPECT_NEAR(decile.rate, 0.3, 1e-12);
    EXPECT_NEAR(decile.lift, 1, 1e-12);
  }
  EXPECT_NEAR(e.brier_skill, 0, 1e-12);
}

TEST(Evaluation, SameBitsInAnyOrder) {
  std::vector<Outcome> outcomes = ReferenceOutcomes();
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation first, Evaluate(outcomes));
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Shuffle(outcomes, seed);
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation e, Evaluate(outcomes));
    EXPECT_EQ(e.brier, first.brier);
    EXPECT_EQ(e.log_loss, first.log_loss);
    EXPECT_EQ(e.auc->estimate, first.auc->estimate);
    EXPECT_EQ(e.calibration_line->slope, first.calibration_line->slope);
    EXPECT_EQ(e.gains[3].cumulative_gain, first.gains[3].cumulative_gain);
    EXPECT_EQ(e.expected_calibration_error, first.expected_calibration_error);
  }
}

TEST(Evaluation, ExtremeForecastsStayFinite) {
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 40; ++i) outcomes.push_back({i < 20 ? 0.0 : 1.0, i >= 20 || i == 0, 1e-8});
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation e, Evaluate(outcomes));
  EXPECT_TRUE(std::isfinite(e.log_loss));
  EXPECT_GT(e.log_loss, 0.5);  // One certain forecast was wrong.
  for (const ReliabilityBin& bin : e.reliability) {
    EXPECT_LE(bin.observed.low, bin.observed.estimate);
    EXPECT_GE(bin.observed.high, bin.observed.estimate);
  }
  for (Outcome& outcome : outcomes) outcome.happened = true;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation one_class, Evaluate(outcomes));
  EXPECT_FALSE(one_class.auc);
  EXPECT_FALSE(one_class.calibration_line);
  EXPECT_EQ(one_class.brier_skill, 0);
  for (Outcome& outcome : outcomes) outcome.happened = false;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const Evaluation none, Evaluate(outcomes));
  EXPECT_TRUE(none.gains.empty());
}

TEST(Evaluation, Refuses) {
  EXPECT_THAT(Evaluate({}), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(Evaluate({{0.5, true}, {1.5, false}}),
              FailsWith("OUT_OF_RANGE", "outcomes[1].probability"));
  EXPECT_THAT(Evaluate({{std::nan(""), true}}),
              FailsWith("OUT_OF_RANGE", "outcomes[0].probability"));
  EXPECT_THAT(Evaluate({{0.5, true, 0}}), FailsWith("NOT_POSITIVE", "outcomes[0].weight"));
}

}  // namespace
}  // namespace rapport::predict

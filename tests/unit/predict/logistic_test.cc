// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/logistic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/predict/simulated_rows.h"

namespace rapport::predict {
namespace {

using testing::FailsWith;

// regression_rows() of predict_reference.py.
Matrix ReferenceRows() {
  SplitMix64 random(7);
  Matrix rows{.columns = 3};
  for (int i = 0; i < 200; ++i) {
    double z[3];
    for (double& value : z) value = 2 * random.Uniform() - 1;
    const bool happened = random.Uniform() < Chance(-0.4 + 1.5 * z[0] - 0.8 * z[1]);
    rows.Add(z, happened, 1 + i % 3);
  }
  return rows;
}

struct Reference {
  double penalty;
  std::vector<double> coefficients, errors;
  double log_likelihood;
};

// Printed by predict_reference.py (scipy.optimize.root on the gradient).
TEST(Logistic, AgreesWithScipy) {
  const Matrix rows = ReferenceRows();
  const Reference references[] = {
      {0.5,
       {-0.418713935494011, 1.21557666592845, -0.569747934804213, -0.498411594992273},
       {0.109948039332446, 0.194333618804311, 0.19483732480513, 0.192511175838287},
       -242.138177240835},
      {20,
       {-0.393368164078135, 0.69622231652361, -0.294422915238757, -0.26558067957284},
       {0.104623324784473, 0.141028668242775, 0.142767703421838, 0.142538270095063},
       -247.253534337692}};
  for (const Reference& reference : references) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const LogisticFit fit,
        FitLogistic(rows.View(), {.penalty = reference.penalty, .gradient_tolerance = 1e-13}));
    EXPECT_TRUE(fit.converged);
    EXPECT_LE(fit.iterations, 8);
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(fit.coefficients[i], reference.coefficients[i], 1e-9);
      EXPECT_NEAR(fit.standard_error(i), reference.errors[i], 1e-9);
    }
    EXPECT_NEAR(fit.log_likelihood, reference.log_likelihood, 1e-8);
  }
}

// Without columns the intercept is log(p / (1 - p)) and its error 1 / sqrt(n p (1 - p)).
TEST(Logistic, InterceptAloneIsTheBaseRate) {
  Matrix rows;
  for (int i = 0; i < 80; ++i) rows.Add({}, i < 20);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit fit, FitLogistic(rows.View(), {}));
  EXPECT_NEAR(fit.coefficients[0], -std::log(3), 1e-12);
  EXPECT_NEAR(fit.standard_error(0), 1 / std::sqrt(80 * 0.25 * 0.75), 1e-12);
}

// Two groups: the difference of log-odds, error by Woolf 1955, when the penalty is next to 0.
TEST(Logistic, TwoByTwoTable) {
  Matrix rows{.columns = 1};
  for (int i = 0; i < 40; ++i) rows.Add(std::vector<double>{0}, i < 10);
  for (int i = 0; i < 60; ++i) rows.Add(std::vector<double>{1}, i < 36);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit fit, FitLogistic(rows.View(), {.penalty = 1e-9}));
  EXPECT_NEAR(fit.coefficients[1], std::log(36.0 / 24) - std::log(10.0 / 30), 1e-8);
  EXPECT_NEAR(fit.standard_error(1), std::sqrt(1.0 / 10 + 1.0 / 30 + 1.0 / 36 + 1.0 / 24), 1e-8);
}

TEST(Logistic, WeightIsSoManyRows) {
  Matrix weighted{.columns = 2}, repeated{.columns = 2};
  SplitMix64 random(3);
  for (int i = 0; i < 150; ++i) {
    const double z[] = {random.Normal(), random.Normal()};
    const bool happened = random.Uniform() < Chance(z[0]);
    weighted.Add(z, happened, i % 4);
    for (int copy = 0; copy < i % 4; ++copy) repeated.Add(z, happened);
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit a, FitLogistic(weighted.View(), {}));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit b, FitLogistic(repeated.View(), {}));
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(a.coefficients[i], b.coefficients[i], 1e-10);
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-9);
}

TEST(Logistic, RecoversKnownCoefficients) {
  const std::vector<double> truth = {-1.2, 0.8, -0.5, 0, 0.3, -1.1};
  for (uint64_t seed : {1, 2, 3, 4, 5}) {
    SplitMix64 random(seed);
    Matrix rows{.columns = 5};
    for (int i = 0; i < 8000; ++i) {
      double z[5];
      double eta = truth[0];
      for (size_t j = 0; j < 5; ++j) eta += truth[j + 1] * (z[j] = random.Normal());
      rows.Add(z, random.Uniform() < Chance(eta));
    }
    RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit fit, FitLogistic(rows.View(), {.penalty = 0.1}));
    for (size_t i = 0; i < truth.size(); ++i) {
      EXPECT_NEAR(fit.coefficients[i], truth[i], 3 * fit.standard_error(i))
          << "seed " << seed << " coefficient " << i;
    }
  }
}

TEST(Logistic, SeparationStaysFinite) {
  Matrix rows{.columns = 2};
  for (int i = -50; i < 50; ++i) {
    rows.Add(std::vector<double>{i < 0 ? -1.0 : 1.0, 1e6 * i}, i >= 0);
  }
  for (double penalty : {1e-6, 0.01, 1.0, 1000.0}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit fit,
                                 FitLogistic(rows.View(), {.penalty = penalty}));
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(std::isfinite(fit.coefficients[i])) << penalty;
      EXPECT_TRUE(std::isfinite(fit.standard_error(i))) << penalty;
    }
    EXPECT_LE(fit.log_likelihood, 0);
  }
}

TEST(Logistic, ConstantAndRepeatedColumns) {
  Matrix rows{.columns = 3};
  SplitMix64 random(5);
  for (int i = 0; i < 500; ++i) {
    const double z = random.Normal();
    rows.Add(std::vector<double>{z, z, 0}, random.Uniform() < Chance(z));
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit fit, FitLogistic(rows.View(), {.penalty = 0.01}));
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(fit.coefficients[1], fit.coefficients[2], 1e-6);
  EXPECT_EQ(fit.coefficients[3], 0);
  EXPECT_NEAR(fit.standard_error(3), 10, 1e-9);  // The prior's, 1 / sqrt(0.01).
}

// Started next to the optimum, where steps no longer show in the objective.
TEST(Logistic, ConvergesBelowTheRoundingOfTheObjective) {
  Matrix rows{.columns = 1};
  SplitMix64 random(12);
  for (int i = 0; i < 100'000; ++i) {
    const double z[] = {random.Normal()};
    rows.Add(z, random.Uniform() < Chance(z[0]));
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit fit, FitLogistic(rows.View(), {}));
  for (double off : {1e-5, 1e-6, 1e-7, 1e-8}) {
    const double start[] = {fit.coefficients[0] + off, fit.coefficients[1] - off};
    RAPPORT_ASSERT_OK_AND_ASSIGN(
        const LogisticFit again,
        FitLogistic(rows.View(), {.gradient_tolerance = 1e-13, .start = start}));
    EXPECT_TRUE(again.converged) << off;
    EXPECT_LE(again.iterations, 5) << off;
  }
}

TEST(Logistic, Refuses) {
  Matrix rows{.columns = 1};
  for (int i = 0; i < 10; ++i) rows.Add(std::vector<double>{1.0 * i}, true);
  EXPECT_THAT(FitLogistic(rows.View(), {}), FailsWith("NOT_ENOUGH_DATA", ""));
  rows.Add(std::vector<double>{3}, false, 0);  // Weight 0 is no row.
  EXPECT_THAT(FitLogistic(rows.View(), {}), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(FitLogistic(rows.View(), {.penalty = 0}), FailsWith("NOT_POSITIVE", "penalty"));
  EXPECT_THAT(FitLogistic(Matrix().View(), {}), FailsWith("NOT_ENOUGH_DATA", ""));
}

// Noise in 20 columns of 120 rows wants a strong penalty; a strong signal in one column of
// 3,000 rows a weak one.
TEST(Penalty, FollowsTheSignal) {
  SplitMix64 random(9);
  Matrix noise{.columns = 20}, signal{.columns = 1};
  for (int i = 0; i < 120; ++i) {
    double z[20];
    for (double& value : z) value = random.Normal();
    noise.Add(z, random.Uniform() < 0.5);
  }
  for (int i = 0; i < 3000; ++i) {
    const double z[] = {random.Normal()};
    signal.Add(z, random.Uniform() < Chance(3 * z[0]));
  }
  std::vector<uint8_t> folds(3000);
  for (size_t i = 0; i < folds.size(); ++i) folds[i] = static_cast<uint8_t>(FoldOf(i, 5));
  const PenaltyChoice strong = ChoosePenalty(noise.View(), std::span(folds).first(120), 5);
  const PenaltyChoice weak = ChoosePenalty(signal.View(), folds, 5);
  EXPECT_GE(strong.penalty, 100);
  EXPECT_LE(weak.penalty, 10);
  ASSERT_EQ(weak.trials.size(), std::size(kPenaltyGrid));
  for (const PenaltyTrial& trial : weak.trials) EXPECT_GT(trial.log_loss, 0);
}

// Each trial is the loss of the penalised fit on the held-out rows, fitted here apart.
TEST(Penalty, TrialsAreHeldOutLosses) {
  const Matrix rows = ReferenceRows();
  std::vector<uint8_t> folds;
  for (size_t i = 0; i < 200; ++i) folds.push_back(static_cast<uint8_t>(i % 2));
  const double grid[] = {5};
  const PenaltyChoice choice = ChoosePenalty(rows.View(), folds, 2, grid);
  double loss = 0, total = 0;
  for (size_t fold : {0U, 1U}) {
    Matrix seen = rows;
    for (size_t i = 0; i < 200; ++i) seen.weights[i] = folds[i] == fold ? 0 : rows.weights[i];
    RAPPORT_ASSERT_OK_AND_ASSIGN(const LogisticFit fit, FitLogistic(seen.View(), {.penalty = 5}));
    for (size_t i = fold; i < 200; i += 2) {
      double eta = fit.coefficients[0];
      for (size_t j = 0; j < 3; ++j) eta += fit.coefficients[j + 1] * rows.values[3 * i + j];
      const double weight = static_cast<double>(rows.weights[i]);
      loss -= weight * std::log(Chance(rows.happened[i] ? eta : -eta));
      total += weight;
    }
  }
  ASSERT_EQ(choice.trials.size(), 1U);
  EXPECT_NEAR(choice.trials[0].log_loss, loss / total, 1e-6);
}

TEST(Penalty, FoldWithoutAnOutcomeGivesNoChoice) {
  Matrix rows{.columns = 1};
  for (int i = 0; i < 20; ++i) rows.Add(std::vector<double>{1.0 * i}, i == 0);
  const std::vector<uint8_t> folds = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
  const PenaltyChoice choice = ChoosePenalty(rows.View(), folds, 2);
  EXPECT_TRUE(choice.trials.empty());
  EXPECT_EQ(choice.penalty, 1);
}

}  // namespace
}  // namespace rapport::predict

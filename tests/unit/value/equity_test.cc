// SPDX-License-Identifier: Apache-2.0
#include "lib/value/equity.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/unit/value/any_model.h"

namespace rapport::value {
namespace {

FittedModels Models() {
  FittedModels models;
  models.purchases = ParametersOf(ModelKind::kBgNbd, {.2425945, 4.413602, .792922, 2.425907});
  models.purchase_covariance = {.003, .003, 0, 0, .003, .007, 0, 0, 0, 0, .05, .05, 0, 0, .05, .08};
  models.spend.gamma_gamma = *GammaGamma::Create({6.25, 3.74, 15.44});
  models.spend_covariance = {.036, 0, -.03, 0, .006, .01, -.03, .01, .07};
  return models;
}

std::vector<PurchaseHistory> Histories(int count) {
  Draws draws(4);
  std::vector<PurchaseHistory> rows;
  for (int i = 0; i < count; ++i) {
    PurchaseHistory history{.age_days = std::floor(draws.LogUniform(10, 700))};
    if (i % 3 != 0) {
      history.frequency = static_cast<uint32_t>(draws.LogUniform(1, 30));
      history.recency_days = std::ceil(history.age_days * draws.Uniform());
      history.repeat_value_micros = 30 * kMicrosPerUnit * history.frequency;
    }
    rows.push_back(history);
  }
  return rows;
}

// One error of the parameters moves all customers together: the delta method against the
// group's total under moved parameters.
TEST(Equity, ParameterErrorIsThatOfTheSum) {
  const FittedModels models = Models();
  const std::vector<PurchaseHistory> rows = Histories(20);
  const auto total_at = [&](size_t i, double step) {
    FittedModels moved = models;
    moved.purchases.values[i] *= std::exp(step);
    ValueScorer scorer = *ValueScorer::Create(moved, {.clv = {}, .parameter_errors = false});
    double sum = 0;
    for (const PurchaseHistory& row : rows) sum += scorer.Score(row)->clv;
    return sum;
  };
  double slopes[4];
  for (size_t i = 0; i < 4; ++i) slopes[i] = (total_at(i, 1e-3) - total_at(i, -1e-3)) / 2e-3;
  const double expected = std::sqrt(QuadraticForm(models.purchase_covariance, slopes));

  FittedModels purchases_only = models;
  purchases_only.spend_covariance.clear();
  ValueScorer scorer = *ValueScorer::Create(purchases_only);
  EquityAccumulator group(purchases_only);
  for (const PurchaseHistory& row : rows) group.Add(*scorer.Score(row));
  const Equity equity = group.Result(purchases_only, .95);
  EXPECT_NEAR(equity.parameter_error / expected, 1, 2e-3);
  EXPECT_EQ(equity.customers, 20u);
  EXPECT_NEAR(equity.total, total_at(0, 0), 1e-4);
  EXPECT_NEAR(equity.mean.high - equity.total, 1.959964 * equity.parameter_error, 1e-4);
}

TEST(Equity, OrderShardsAndWeightsDoNotChangeABit) {
  const FittedModels models = Models();
  const std::vector<PurchaseHistory> rows = Histories(50);
  ValueScorer scorer = *ValueScorer::Create(models);
  EquityAccumulator forward(models), odd(models), even(models), doubled(models);
  for (size_t i = 0; i < rows.size(); ++i) {
    const ValueScore score = *scorer.Score(rows[i]), back = *scorer.Score(rows[49 - i]);
    forward.Add(score);
    forward.Add(score);
    (i % 2 == 0 ? odd : even).Add(back);
    doubled.Add(score, {}, 2);
  }
  odd.Merge(even);
  odd.Merge(odd);
  const Equity a = forward.Result(models, .9), b = odd.Result(models, .9),
               c = doubled.Result(models, .9);
  for (const Equity& other : {b, c}) {
    EXPECT_EQ(a.total, other.total);
    EXPECT_EQ(a.residual_total, other.residual_total);
    EXPECT_EQ(a.parameter_error, other.parameter_error);
    EXPECT_EQ(a.own_error, other.own_error);
    EXPECT_EQ(a.combined.low, other.combined.low);
  }
}

// Own error against simulated futures of one group, BG/NBD with Gamma-Gamma, horizon one
// year without discounting.
TEST(Equity, OwnIntervalCoversSimulatedFutures) {
  FittedModels models = Models();
  models.spend.gamma_gamma = *GammaGamma::Create({6.25, 6, 30});
  ValueScorer scorer = *ValueScorer::Create(models, {.clv = {.annual_discount_rate = 0}});
  EquityAccumulator group(models);
  const PurchaseHistory history{2, 150, 170, 60 * kMicrosPerUnit};
  constexpr int kCustomers = 80, kRounds = 300;
  group.Add(*scorer.Score(history), {}, kCustomers);
  const Equity equity = group.Result(models, .9);
  const double alive = scorer.Score(history)->p_alive;
  Draws draws(11);
  int covered = 0;
  double sum = 0;
  for (int round = 0; round < kRounds; ++round) {
    double money = 0;
    for (int i = 0; i < kCustomers; ++i) {
      if (draws.Uniform() > alive) continue;
      const double rate = draws.Gamma(.2425945 + 2) / (4.413602 * 7 + 170);
      const double leave = draws.Beta(.792922, 2.425907 + 2);
      const double scale = (30 + 60) / draws.Gamma(6 + 6.25 * 2);
      double time = draws.Exponential(rate);
      while (time < 365) {
        money += draws.Gamma(6.25) * scale;
        if (draws.Uniform() < leave) break;
        time += draws.Exponential(rate);
      }
    }
    sum += money;
    covered += money >= equity.own.low && money <= equity.own.high;
  }
  EXPECT_NEAR(sum / kRounds / equity.total, 1, .02);
  EXPECT_NEAR(static_cast<double>(covered) / kRounds, .9, .05);
}

TEST(Equity, NobodyIsWorthNothing) {
  const FittedModels models = Models();
  const Equity equity = EquityAccumulator(models).Result(models, .95);
  EXPECT_EQ(equity.total, 0);
  EXPECT_EQ(equity.combined.low, 0);
  EXPECT_EQ(equity.combined.high, 0);
}

}  // namespace
}  // namespace rapport::value

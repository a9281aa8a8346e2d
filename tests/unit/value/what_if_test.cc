// SPDX-License-Identifier: Apache-2.0
#include "lib/value/what_if.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/any_model.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

FittedModels ModelsOf(ModelKind kind, std::vector<double> values, uint32_t regularity = 1) {
  FittedModels models;
  models.purchases = ParametersOf(kind, std::move(values), regularity);
  models.spend.gamma_gamma = *GammaGamma::Create({6.25, 3.74, 15.44});
  return models;
}

const FittedModels kAll[] = {
    ModelsOf(ModelKind::kBgNbd, {.2425945, 4.413602, .792922, 2.425907}),
    ModelsOf(ModelKind::kMbgNbd, {.524843, 6.183085, .891359, 1.614002}),
    ModelsOf(ModelKind::kParetoNbd, {.553277, 10.577684, .606240, 11.668735}),
    ModelsOf(ModelKind::kMbgCnbdK, {.52, 3.1, .89, 1.61}, 2),
    ModelsOf(ModelKind::kBgBb, {1.203522, .749716, .656718, 2.783442}),
    ModelsOf(ModelKind::kNbd, {.384766, 12.07201})};

const PurchaseHistory kHistory{3, 140, 215, 90 * kMicrosPerUnit};

// The own posterior as a prior gives the same future.
TEST(WhatIf, NoChangeChangesNothingUnderEveryModel) {
  for (const FittedModels& models : kAll) {
    SCOPED_TRACE(TraitsOf(models.purchases.kind).name);
    WhatIf what_if = *WhatIf::Create(models, {}, {});
    const WhatIfValue value = *what_if.Score(kHistory);
    EXPECT_GT(value.clv_before, 0);
    EXPECT_NEAR(value.clv_after / value.clv_before, 1, 1e-9);
    EXPECT_NEAR(value.purchases_after / value.purchases_before, 1, 1e-9);
    const ValueScore score = *ValueScorer::Create(models)->Score(kHistory);
    EXPECT_NEAR(value.clv_before / score.clv, 1, 1e-9);
    EXPECT_NEAR(value.p_alive, score.p_alive, 1e-12);
  }
}

TEST(WhatIf, StayingLongerBuyingMoreAndPayingMoreIsWorthMore) {
  for (const FittedModels& models : kAll) {
    SCOPED_TRACE(TraitsOf(models.purchases.kind).name);
    const auto after = [&](const ValueChange& change) {
      return WhatIf::Create(models, {}, change)->Score(kHistory)->clv_after;
    };
    const double before = after({});
    const bool leaves = models.purchases.kind != ModelKind::kNbd;
    EXPECT_EQ(after({.retention = .2}) > before * 1.001, leaves);
    EXPECT_EQ(after({.retention = -.2}) < before * .999, leaves);
    EXPECT_GT(after({.frequency = .1}), before * 1.001);
    EXPECT_LT(after({.frequency = -.5}), before * .9);
    EXPECT_NEAR(after({.order_value = .1, .margin = -.5}), before * .55, 1e-9 * before);
  }
}

// Buying f times as fast for h days is buying as before for f h days, but for leaving:
// under NBD exactly.
TEST(WhatIf, FrequencyIsTimeUnderNbd) {
  const ValueScorerOptions year{.clv = {.horizon_days = 365, .annual_discount_rate = 0}};
  const ValueScorerOptions half{.clv = {.horizon_days = 182.5, .annual_discount_rate = 0}};
  const double faster =
      WhatIf::Create(kAll[5], half, {.frequency = 1})->Score(kHistory)->purchases_after;
  const double longer = WhatIf::Create(kAll[5], year, {})->Score(kHistory)->purchases_before;
  EXPECT_NEAR(faster / longer, 1, 1e-9);
}

// Pareto/NBD, simulated: own rates from the posterior given alive, each multiplied.
TEST(WhatIf, ParetoChangeActsOnOwnRates) {
  WhatIf what_if = *WhatIf::Create(kAll[2], {.clv = {.annual_discount_rate = 0}},
                                   {.retention = .5, .frequency = .2});
  const WhatIfValue value = *what_if.Score(kHistory);
  Draws draws(3);
  double sum = 0;
  constexpr int kRounds = 400'000;
  for (int i = 0; i < kRounds; ++i) {
    const double rate = draws.Gamma(.553277 + 3) / (10.577684 * 7 + 215) * 1.2;
    const double leave = draws.Gamma(.606240) / (11.668735 * 7 + 215) * .5;
    sum += leave * 365 < 1e-12 ? rate * 365 : rate * -std::expm1(-leave * 365) / leave;
  }
  EXPECT_NEAR(value.purchases_after / (value.p_alive * sum / kRounds), 1, .005);
}

// BG/NBD: the mean chance to leave falls by d, its concentration stays.
TEST(WhatIf, BetaGeometricKeepsTheConcentration) {
  const OwnFuture own = OwnFutureOf(kAll[0].purchases, {1, 3, 0, 70}, {.retention = .25});
  const double a = own.parameters.values[2], b = own.parameters.values[3];
  EXPECT_NEAR(a, .75 * .792922, 1e-12);
  EXPECT_NEAR(a + b, .792922 + 2.425907 + 3, 1e-12);
  EXPECT_NEAR(own.parameters.values[0], 3.2425945, 1e-12);
  EXPECT_NEAR(own.parameters.values[1], 14.413602, 1e-12);
  const OwnFuture worst = OwnFutureOf(kAll[0].purchases, {1, 0, 0, 70}, {.retention = -50});
  EXPECT_GT(worst.parameters.values[3], 0);
}

TEST(WhatIf, PortfolioIsTheSumOfItsCustomers) {
  WhatIf what_if = *WhatIf::Create(kAll[1], {}, {.frequency = .1});
  const WhatIfRow rows[] = {{kHistory, {}, 3}, {{.age_days = 40}, {}, 7}};
  const WhatIfTotal total = *what_if.Total(rows);
  EXPECT_EQ(total.customers, 10u);
  EXPECT_NEAR(
      total.clv_after,
      3 * what_if.Score(kHistory)->clv_after + 7 * what_if.Score({.age_days = 40})->clv_after,
      1e-4);
  const WhatIfRow bad[] = {{{1, 20, 10}, {}, 1}};
  EXPECT_THAT(what_if.Total(bad), FailsWith("RECENCY_AFTER_AGE", "rows[0].recency_days"));
}

TEST(WhatIf, RefusesImpossibleChanges) {
  EXPECT_THAT(WhatIf::Create(kAll[0], {}, {.retention = 1}),
              FailsWith("OUT_OF_RANGE", "retention"));
  EXPECT_THAT(WhatIf::Create(kAll[0], {}, {.frequency = -1}),
              FailsWith("OUT_OF_RANGE", "frequency"));
  EXPECT_THAT(WhatIf::Create(kAll[0], {}, {.margin = std::nan("")}),
              FailsWith("OUT_OF_RANGE", "margin"));
}

// One period at rate r, then r + points; discounted sums by hand for S(t) = 1 / (1 + t).
TEST(WhatIf, RetentionPoints) {
  const RetentionModel model = *RetentionModel::Create({1, 1, 1});
  const ContractualWhatIf value = *RenewalsWhatIf(model, 0, 2, .1, .1);
  EXPECT_NEAR(value.renewals_before, .5 + (.5 * 2. / 3) / 1.1, 1e-12);
  EXPECT_NEAR(value.renewals_after, .6 + .6 * (2. / 3 + .1) / 1.1, 1e-12);
  EXPECT_THAT(RenewalsWhatIf(model, 0, 2, .1, 2), FailsWith("OUT_OF_RANGE", "points"));
}

}  // namespace
}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/value_model.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr BgNbdParameters kBuyers{.8, 6, .8, 2.4, 7};
constexpr GammaGammaParameters kSpend{6.25, 3.74, 15.44};

TEST(ValueModel, FitsBothModels) {
  const std::vector<PurchaseHistory> rows = SimulateHistories(kBuyers, 5000, 41, kSpend);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ValueFit fit, FitValueModel(rows));
  EXPECT_TRUE(fit.usable());
  EXPECT_EQ(fit.customers, 5000);
  EXPECT_EQ(fit.spend_reason, SpendReason::kNone);
  ASSERT_TRUE(fit.parameters().spend.has_value());
  EXPECT_NEAR(fit.parameters().spend->p, 6.25, 1.5);
  // A second night from last night's parameters ends at the same place.
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ValueFit warm,
                               FitValueModel(rows, {.warm_start = fit.parameters()}));
  EXPECT_NEAR(warm.parameters().purchases.r / fit.parameters().purchases.r, 1, 1e-8);
  EXPECT_LT(warm.purchases.summary.evaluations, fit.purchases.summary.evaluations);
}

TEST(ValueModel, NeedsTenRepeatBuyers) {
  std::vector<PurchaseHistory> rows(500, PurchaseHistory{.age_days = 40});
  for (size_t i = 0; i < 9; ++i) rows[i] = {1, 10, 40, kMicrosPerUnit};
  EXPECT_THAT(FitValueModel(rows), FailsWith("NOT_ENOUGH_DATA", ""));
  EXPECT_THAT(FitValueModel({}), FailsWith("NOT_ENOUGH_DATA", ""));
}

TEST(ValueModel, NamesTheBadRow) {
  std::vector<PurchaseHistory> rows = SimulateHistories(kBuyers, 200, 42, kSpend);
  rows[11].recency_days = rows[11].age_days + 1;
  rows[11].frequency = 1;
  EXPECT_THAT(FitValueModel(rows), FailsWith("RECENCY_AFTER_AGE", "rows[11].recency_days"));
}

TEST(ValueModel, FallsBackToAPlainMeanWithItsReason) {
  std::vector<PurchaseHistory> rows = SimulateHistories(kBuyers, 3000, 43, kSpend);
  double value = 0, purchases = 0;
  for (PurchaseHistory& row : rows) {
    row.repeat_value_micros *= row.frequency;
    value += static_cast<double>(row.repeat_value_micros) / kMicrosPerUnit;
    purchases += row.frequency;
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ValueFit correlated, FitValueModel(rows));
  EXPECT_EQ(correlated.spend_reason, SpendReason::kFrequencyCorrelated);
  EXPECT_FALSE(correlated.parameters().spend.has_value());
  EXPECT_NEAR(correlated.plain_mean, value / purchases, 1e-9 * correlated.plain_mean);
  EXPECT_TRUE(correlated.usable());  // Purchases are still forecast.

  for (PurchaseHistory& row : rows) row.repeat_value_micros = 0;
  RAPPORT_ASSERT_OK_AND_ASSIGN(const ValueFit free, FitValueModel(rows));
  EXPECT_EQ(free.spend_reason, SpendReason::kNotEnoughData);
  EXPECT_EQ(free.without_positive_value, free.repeaters);
  EXPECT_GT(free.repeaters, 0);
}

TEST(ValueModel, RefusesStoredParametersThatCannotBe) {
  ValueParameters parameters{.purchases = kBuyers, .spend = kSpend};
  parameters.purchases.alpha = 0;
  EXPECT_THAT(MakeScorer(parameters), FailsWith("NOT_POSITIVE", "alpha"));
  parameters.purchases = kBuyers;
  parameters.spend->q = std::nan("");
  EXPECT_THAT(MakeScorer(parameters), FailsWith("NOT_POSITIVE", "q"));
}

TEST(Holdout, ErrorsByHand) {
  const double expected[] = {1, 2, 0.5}, actual[] = {2, 0, 0.5};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const HoldoutReport report, EvaluateHoldout(expected, actual));
  EXPECT_EQ(report.mean_absolute_error, 1);
  EXPECT_NEAR(report.root_mean_squared_error, std::sqrt(5.0 / 3), 1e-15);
  EXPECT_NEAR(report.bias, 1.0 / 3, 1e-15);
  EXPECT_EQ(report.total_expected, 3.5);
  EXPECT_EQ(report.total_actual, 2.5);
  EXPECT_THAT(EvaluateHoldout({}, {}), FailsWith("EMPTY", "expected"));
  EXPECT_THAT(EvaluateHoldout(expected, {}), FailsWith("LENGTH_MISMATCH", "actual"));
  const double broken[] = {1, std::nan(""), 1};
  EXPECT_THAT(EvaluateHoldout(expected, broken), FailsWith("NOT_FINITE", "actual[1]"));
}

}  // namespace
}  // namespace rapport::value

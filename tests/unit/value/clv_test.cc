// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv.h"

#include <cmath>

#include "gtest/gtest.h"
#include "lib/value/spend_fit.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr GammaGammaParameters kSpend{6.249572, 3.744225, 15.443521};

TEST(Clv, SimpleAndHistoric) {
  EXPECT_EQ(SimpleClv(100, 12, 1), 1200);
  EXPECT_EQ(HistoricClv(250 * kMicrosPerUnit, 50 * kMicrosPerUnit), 200);
  EXPECT_EQ(HistoricClv(250 * kMicrosPerUnit, 50 * kMicrosPerUnit, .3), 60);
  EXPECT_EQ(ClvMicros(1.5), 1'500'000);
  EXPECT_EQ(ClvMicros(1e300), 9'200'000'000'000'000'000);
}

TEST(ExpectedSpend, SaysWhyAPlainMeanIsUsed) {
  SpendModel plain;
  plain.plain_mean = 35;
  plain.reason = SpendReason::kFrequencyCorrelated;
  const ExpectedSpend own = ExpectedSpendOf(plain, {2, 50, 100, 60 * kMicrosPerUnit});
  EXPECT_EQ(own.mean_value, 30);
  EXPECT_EQ(own.basis, SpendBasis::kPlainMean);
  EXPECT_EQ(own.reason, SpendReason::kFrequencyCorrelated);
  EXPECT_EQ(ExpectedSpendOf(plain, {.age_days = 9}).mean_value, 35);

  SpendModel heavy = plain;
  GammaGammaParameters parameters = kSpend;
  parameters.q = .9;  // No population mean.
  heavy.gamma_gamma = *GammaGamma::Create(parameters);
  const ExpectedSpend once = ExpectedSpendOf(heavy, {.age_days = 9});
  EXPECT_EQ(once.mean_value, 35);
  EXPECT_EQ(once.reason, SpendReason::kNoPopulationMean);
  heavy.plain_mean = 0;
  EXPECT_EQ(ExpectedSpendOf(heavy, {.age_days = 9}).basis, SpendBasis::kUnknown);
  EXPECT_FALSE(SpendReasonText(SpendReason::kNoPopulationMean).empty());
}

TEST(ClvOptions, RefusesWhatCannotBe) {
  EXPECT_THAT(ValidateClvOptions({.horizon_days = -1}), FailsWith("OUT_OF_RANGE", "horizon_days"));
  EXPECT_THAT(ValidateClvOptions({.annual_discount_rate = std::nan("")}),
              FailsWith("OUT_OF_RANGE", "annual_discount_rate"));
  EXPECT_THAT(ValidateClvOptions({.margin = -1}), FailsWith("OUT_OF_RANGE", "margin"));
  EXPECT_THAT(ValidateClvOptions({.interval_level = 1}),
              FailsWith("OUT_OF_RANGE", "interval_level"));
}

TEST(SpendFit, FallsBackToAPlainMeanWithItsReason) {
  auto rows = SimulateHistories({.24, 4.4, .8, 2.4, 7}, 3000, 4);
  EXPECT_EQ(FitSpend(rows)->model.reason, SpendReason::kNone);
  EXPECT_EQ(FitSpend(rows, {.min_repeaters = 1e6})->model.reason, SpendReason::kNotEnoughData);
  for (PurchaseHistory& row : rows) {  // Value grows with frequency: the assumption fails.
    row.repeat_value_micros = Micros{row.frequency} * row.frequency * kMicrosPerUnit;
  }
  const SpendFit fit = *FitSpend(rows);
  EXPECT_EQ(fit.model.reason, SpendReason::kFrequencyCorrelated);
  EXPECT_FALSE(fit.model.gamma_gamma.has_value());
  EXPECT_GT(fit.model.plain_mean, 1);
}

}  // namespace
}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "boost/math/special_functions/beta.hpp"
#include "gtest/gtest.h"
#include "lib/value/value_model.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/simulation.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr GammaGammaParameters kSpend{6.249572, 3.744225, 15.443521};
constexpr ValueParameters kCdnow{
    .purchases = {.2425945, 4.413602, .792922, 2.425907, 7}, .spend = kSpend, .plain_mean = 35};

TEST(Clv, SimpleAndHistoric) {
  EXPECT_EQ(SimpleClv(100, 12, 1), 1200);
  EXPECT_EQ(HistoricClv(250 * kMicrosPerUnit, 50 * kMicrosPerUnit), 200);
  EXPECT_EQ(HistoricClv(250 * kMicrosPerUnit, 50 * kMicrosPerUnit, .3), 60);
  EXPECT_EQ(ClvMicros(1.5), 1'500'000);
  EXPECT_EQ(ClvMicros(1e300), 9'200'000'000'000'000'000);
}

TEST(Clv, IsAliveTimesPurchasesTimesValue) {
  ClvScorer scorer = *MakeScorer(kCdnow, {.annual_discount_rate = 0, .margin = .4});
  const PurchaseHistory history{3, 200, 250, 120 * kMicrosPerUnit};
  const CustomerValue value = *scorer.Score(history);
  const BgNbd model = *BgNbd::Create(kCdnow.purchases);
  const double spend = *GammaGamma::Create(kSpend)->ExpectedMeanValue(3, 40);
  EXPECT_NEAR(value.p_alive, model.PAlive(history), 1e-15);
  EXPECT_NEAR(value.clv, model.ExpectedPurchases(history, 365) * spend * .4, 1e-9 * value.clv);
  EXPECT_EQ(value.spend.basis, SpendBasis::kGammaGamma);
  EXPECT_FALSE(value.alive_by_construction);
  EXPECT_TRUE(scorer.Score({.age_days = 30})->alive_by_construction);
}

TEST(Clv, DiscountingLowersItByLessThanTheFullYear) {
  const PurchaseHistory history{3, 200, 250, 120 * kMicrosPerUnit};
  const double plain = MakeScorer(kCdnow, {.annual_discount_rate = 0})->Score(history)->clv;
  const double discounted = MakeScorer(kCdnow, {.annual_discount_rate = .1})->Score(history)->clv;
  EXPECT_LT(discounted, plain);
  EXPECT_GT(discounted, plain / 1.1);
}

TEST(Clv, SaysWhyAPlainMeanIsUsed) {
  ValueParameters plain = kCdnow;
  plain.spend.reset();
  plain.spend_reason = SpendReason::kFrequencyCorrelated;
  ClvScorer scorer = *MakeScorer(plain);
  const ExpectedSpend own = scorer.Score({2, 50, 100, 60 * kMicrosPerUnit})->spend;
  EXPECT_EQ(own.mean_value, 30);
  EXPECT_EQ(own.basis, SpendBasis::kPlainMean);
  EXPECT_EQ(own.reason, SpendReason::kFrequencyCorrelated);
  EXPECT_EQ(scorer.Score({.age_days = 9})->spend.mean_value, 35);

  ValueParameters heavy = kCdnow;
  heavy.spend->q = .9;  // No population mean.
  const ExpectedSpend once = MakeScorer(heavy)->Score({.age_days = 9})->spend;
  EXPECT_EQ(once.mean_value, 35);
  EXPECT_EQ(once.reason, SpendReason::kNoPopulationMean);
  heavy.plain_mean = 0;
  const CustomerValue unknown = *MakeScorer(heavy)->Score({.age_days = 9});
  EXPECT_EQ(unknown.spend.basis, SpendBasis::kUnknown);
  EXPECT_EQ(unknown.clv, 0);
  EXPECT_FALSE(SpendReasonText(SpendReason::kNoPopulationMean).empty());
}

TEST(Clv, RefusesBadInput) {
  EXPECT_THAT(MakeScorer(kCdnow, {.horizon_days = -1}), FailsWith("OUT_OF_RANGE", "horizon_days"));
  EXPECT_THAT(MakeScorer(kCdnow, {.annual_discount_rate = std::nan("")}),
              FailsWith("OUT_OF_RANGE", "annual_discount_rate"));
  EXPECT_THAT(MakeScorer(kCdnow, {.margin = -1}), FailsWith("OUT_OF_RANGE", "margin"));
  EXPECT_THAT(MakeScorer(kCdnow, {.interval_level = 1}),
              FailsWith("OUT_OF_RANGE", "interval_level"));
  EXPECT_THAT(MakeScorer(kCdnow)->Score({1, 20, 10, 0}),
              FailsWith("RECENCY_AFTER_AGE", "recency_days"));
}

TEST(Clv, RandomCustomersGetFiniteNonNegativeAnswers) {
  std::mt19937_64 random(77);
  const auto log_uniform = [&](double low, double high) {
    return std::exp(std::uniform_real_distribution<>(std::log(low), std::log(high))(random));
  };
  for (int round = 0; round < 120; ++round) {
    ValueParameters parameters{
        .purchases = {log_uniform(.01, 100), log_uniform(.01, 1e4), log_uniform(.01, 1e3),
                      log_uniform(.01, 1e3), 7},
        .spend = GammaGammaParameters{log_uniform(.01, 100), log_uniform(.01, 100),
                                      log_uniform(.01, 1e6)},
        .plain_mean = 20};
    ClvScorer scorer = *MakeScorer(parameters, {.horizon_days = log_uniform(1, 20'000)});
    for (int customer = 0; customer < 5; ++customer) {
      PurchaseHistory history{.age_days = log_uniform(.01, 1e4)};
      if (customer > 0) {
        history.frequency = static_cast<uint32_t>(log_uniform(1, 5000));
        history.recency_days = history.age_days * log_uniform(1e-3, 1);
        history.repeat_value_micros = static_cast<Micros>(log_uniform(1, 1e13)) - 1000;
      }
      const CustomerValue value = *scorer.Score(history);
      for (double number :
           {value.p_alive, value.expected_purchases, value.clv, value.clv_low, value.clv_high,
            value.probability_of_purchase, value.spend.mean_value}) {
        ASSERT_TRUE(std::isfinite(number) && number >= 0) << round << " " << number;
      }
      ASSERT_LE(value.clv_low, value.clv_high);
    }
  }
}

// The interval against the exact distribution of undiscounted value: given n purchases,
// S / (S + gamma') is Beta(p n, q') (Gamma over an inverse Gamma scale).
class ExactValue {
 public:
  ExactValue(const PurchaseHistory& history, double horizon_days)
      : pmf_(BgNbd::Create(kCdnow.purchases)->FuturePurchases(history, horizon_days, 1500)),
        shape_(kSpend.q + kSpend.p * history.frequency),
        scale_(kSpend.gamma + history.frequency * history.mean_value()) {}
  double Cdf(double value) const {
    double sum = pmf_[0];
    for (size_t n = 1; n < pmf_.size() && value > 0; ++n) {
      if (pmf_[n] < 1e-14) continue;
      sum += pmf_[n] * boost::math::ibeta(kSpend.p * static_cast<double>(n), shape_,
                                          value / (value + scale_));
    }
    return sum;
  }

 private:
  std::vector<double> pmf_;
  double shape_, scale_;
};

TEST(Clv, IntervalHoldsItsLevelUnderTheExactDistribution) {
  const PurchaseHistory histories[] = {{0, 0, 30, 0},
                                       {0, 0, 270, 0},
                                       {1, 100, 270, 30000000},
                                       {2, 213, 272, 60000000},
                                       {5, 200, 272, 150000000},
                                       {10, 260, 272, 500000000},
                                       {30, 270, 272, 900000000},
                                       {100, 700, 710, 3000000000}};
  for (double level : {.8, .9, .95}) {
    for (double days : {90.0, 365.0, 1095.0}) {
      ClvScorer scorer = *MakeScorer(
          kCdnow, {.horizon_days = days, .annual_discount_rate = 0, .interval_level = level});
      for (const PurchaseHistory& history : histories) {
        const CustomerValue value = *scorer.Score(history);
        const ExactValue exact(history, days);
        const double tail = (1 - level) / 2;
        const double none = 1 - value.probability_of_purchase;
        EXPECT_NEAR(exact.Cdf(value.clv_high), std::max(1 - tail, none), .006)
            << level << " " << days << " x " << history.frequency;
        EXPECT_NEAR(exact.Cdf(value.clv_low), std::max(tail, none), .006)
            << level << " " << days << " x " << history.frequency;
      }
    }
  }
}

TEST(Clv, ScoresDoNotDependOnWhoCameBefore) {
  const std::vector<PurchaseHistory> rows = SimulateHistories(kCdnow.purchases, 300, 8);
  ClvScorer forward = *MakeScorer(kCdnow), backward = *MakeScorer(kCdnow);
  std::vector<double> first, second;
  for (size_t i = 0; i < rows.size(); ++i) {
    const CustomerValue value = *forward.Score(rows[i]);
    first.insert(first.end(), {value.clv, value.clv_low, value.clv_high});
  }
  for (size_t i = rows.size(); i-- > 0;) {
    const CustomerValue value = *backward.Score(rows[i]);
    second.insert(second.end(), {value.clv_high, value.clv_low, value.clv});
  }
  std::reverse(second.begin(), second.end());
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace rapport::value

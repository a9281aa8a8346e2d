// SPDX-License-Identifier: Apache-2.0
#include "lib/value/clv_scorer.h"

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "lib/value/purchase_forecast.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/any_model.h"

namespace rapport::value {
namespace {

using testing::FailsWith;

constexpr GammaGammaParameters kSpend{6.249572, 3.744225, 15.443521};
const std::vector<double> kCdnow = {.2425945, 4.413602, .792922, 2.425907};

FittedModels BgNbdModels() {
  FittedModels models;
  models.purchases = ParametersOf(ModelKind::kBgNbd, kCdnow);
  models.spend.gamma_gamma = *GammaGamma::Create(kSpend);
  models.spend.plain_mean = 35;
  return models;
}

// Covariances of the logarithms about as wide as those of the CDNOW sample.
FittedModels WithErrors(FittedModels models, double variance = .004) {
  const size_t n = models.purchases.values.size();
  models.purchase_covariance.assign(n * n, 0.0);
  for (size_t i = 0; i < n; ++i) models.purchase_covariance[i * n + i] = variance;
  models.spend_covariance = {.01, .0, -.01, .0, .005, .004, -.01, .004, .03};
  return models;
}

const PurchaseHistory kHistories[] = {{0, 0, 30, 0},
                                      {0, 0, 270, 0},
                                      {1, 100, 270, 30'000'000},
                                      {2, 213, 272, 60'000'000},
                                      {5, 200, 272, 150'000'000},
                                      {30, 270, 272, 900'000'000},
                                      {100, 700, 710, 3'000'000'000}};

const ModelParameters kKinds[] = {
    ParametersOf(ModelKind::kBgNbd, kCdnow),
    ParametersOf(ModelKind::kMbgNbd, {.524843, 6.183085, .891359, 1.614002}),
    ParametersOf(ModelKind::kParetoNbd, {.553277, 10.577684, .606240, 11.668735}),
    ParametersOf(ModelKind::kMbgCnbdK, {.52, 3.1, .89, 1.61}, 2),
    ParametersOf(ModelKind::kBgBb, {1.203522, .749716, .656718, 2.783442}),
    ParametersOf(ModelKind::kNbd, {.384766, 12.07201})};

TEST(ValueScorer, IsTheForecastTimesValueUnderEveryModel) {
  for (const ModelParameters& purchases : kKinds) {
    SCOPED_TRACE(TraitsOf(purchases.kind).name);
    FittedModels models = BgNbdModels();
    models.purchases = purchases;
    const auto model = *MakePurchaseModel(purchases);
    ValueScorer scorer = *ValueScorer::Create(models, {.clv = {.margin = .4}});
    for (const PurchaseHistory& history : kHistories) {
      const PurchaseForecast forecast = *PurchaseForecast::Create(*model, history);
      const ValueScore score = *scorer.Score(history);
      const double unit = score.spend.mean_value * .4;
      EXPECT_NEAR(score.clv / (forecast.DiscountedPurchases(365, .1) * unit), 1, 2e-9);
      EXPECT_NEAR(*score.residual_clv / (forecast.DiscountedForever(.1) * unit), 1, 2e-9);
      EXPECT_NEAR(score.expected_purchases / forecast.ExpectedPurchases(365), 1, 2e-9);
      EXPECT_NEAR(score.expected_purchases_short, forecast.ExpectedPurchases(30), 1e-9);
      EXPECT_NEAR(score.probability_of_purchase, forecast.ProbabilityOfPurchase(365), 1e-8);
      const NextPurchase next = forecast.Next();
      EXPECT_NEAR(score.next_purchase_probability, next.probability, 1e-8);
      EXPECT_NEAR(score.next_purchase_days / next.median_days, 1, 1e-8);
      const double silence = forecast.SilenceDays(.5);
      EXPECT_EQ(score.silence_days.has_value(), std::isfinite(silence));
      if (score.silence_days.has_value()) {
        EXPECT_NEAR(*score.silence_days, silence, 1e-7 * silence);
      }
    }
  }
}

// Slopes against scorers with one parameter moved.
TEST(ValueScorer, SlopesAreThoseOfMovedParameters) {
  for (const ModelParameters& purchases : kKinds) {
    if (purchases.regularity > 1) continue;  // The split among stages is held.
    SCOPED_TRACE(TraitsOf(purchases.kind).name);
    FittedModels models = WithErrors(BgNbdModels());
    models.purchases = purchases;
    models = WithErrors(models);
    ValueScorer scorer = *ValueScorer::Create(models);
    for (const PurchaseHistory& history : {kHistories[1], kHistories[4], {11, 150, 190}}) {
      const ValueScore score = *scorer.Score(history);
      for (size_t i = 0; i < purchases.values.size(); ++i) {
        const auto log_at = [&](double step) {
          ModelParameters moved = purchases;
          moved.values[i] *= std::exp(step);
          const auto model = *MakePurchaseModel(moved);
          return std::log(PurchaseForecast::Create(*model, history)->DiscountedPurchases(365, .1));
        };
        const double slope = (log_at(1e-3) - log_at(-1e-3)) / 2e-3;
        EXPECT_NEAR(score.purchase_slopes[i], slope, 2e-3 * (1 + std::fabs(slope)))
            << purchases.values.size() << " parameter " << i << " x " << history.frequency;
      }
    }
  }
}

// The mean and combined intervals against draws of the parameters from their normal:
// quantiles of the expected CLV, and of simulated money under drawn parameters.
TEST(ValueScorer, IntervalsMatchDrawnParameters) {
  FittedModels models = WithErrors(BgNbdModels(), .03);
  models.spend_covariance = {.01, 0, 0, 0, .01, 0, 0, 0, .04};
  const PurchaseHistory history{5, 200, 230, 150'000'000};
  const ValueScorerOptions options{.clv = {.annual_discount_rate = 0}};
  const ValueScore score = *ValueScorer::Create(models, options)->Score(history);
  Draws draws(9);
  std::vector<double> means, money;
  for (int draw = 0; draw < 1000; ++draw) {
    std::vector<double> values = kCdnow;
    for (double& value : values) value *= std::exp(std::sqrt(.03) * draws.Normal());
    const GammaGammaParameters spend{kSpend.p * std::exp(.1 * draws.Normal()),
                                     kSpend.q * std::exp(.1 * draws.Normal()),
                                     kSpend.gamma * std::exp(.2 * draws.Normal())};
    const auto model = ModelOf(ModelKind::kBgNbd, values);
    const PurchaseForecast forecast = *PurchaseForecast::Create(*model, history);
    means.push_back(forecast.ExpectedPurchases(365) *
                    *GammaGamma::Create(spend)->ExpectedMeanValue(history));
    const std::vector<double> counts = forecast.PurchaseCounts(365, 120);
    for (int future = 0; future < 20; ++future) {
      double at = draws.Uniform();
      size_t n = 0;
      while (n + 1 < counts.size() && at > counts[n]) at -= counts[n++];
      const double scale = (spend.gamma + 150) / draws.Gamma(spend.q + 5 * spend.p);
      money.push_back(n == 0 ? 0 : scale * draws.Gamma(spend.p * static_cast<double>(n)));
    }
  }
  std::sort(means.begin(), means.end());
  std::sort(money.begin(), money.end());
  const auto below = [](const std::vector<double>& sorted, double at) {
    return static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), at) -
                               sorted.begin()) /
           static_cast<double>(sorted.size());
  };
  EXPECT_NEAR(below(means, score.mean.high), .9, .03);
  EXPECT_NEAR(below(means, score.mean.low), .1, .03);
  EXPECT_NEAR(below(money, score.combined.high), .9, .015);
  EXPECT_NEAR(below(money, score.combined.low), std::max(.1, below(money, 0)), .015);
  EXPECT_GT(score.combined.high, score.own.high);
}

// Own intervals hold their level for customers drawn from the posterior of each model.
TEST(ValueScorer, OwnIntervalCoversCountsOfEveryModel) {
  for (const ModelParameters& purchases : kKinds) {
    SCOPED_TRACE(TraitsOf(purchases.kind).name);
    FittedModels models = BgNbdModels();
    models.purchases = purchases;
    const PurchaseHistory history{6, 240, 252, 180'000'000};
    const ValueScore score =
        *ValueScorer::Create(models, {.clv = {.annual_discount_rate = 0}})->Score(history);
    const auto model = *MakePurchaseModel(purchases);
    const std::vector<double> counts =
        PurchaseForecast::Create(*model, history)->PurchaseCounts(365, 300);
    Draws draws(21);
    constexpr int kFutures = 20'000;
    int low = 0, high = 0, none = 0;
    for (int future = 0; future < kFutures; ++future) {
      double at = draws.Uniform();
      size_t n = 0;
      while (n + 1 < counts.size() && at > counts[n]) at -= counts[n++];
      const double scale = (kSpend.gamma + 180) / draws.Gamma(kSpend.q + 6 * kSpend.p);
      const double money = n == 0 ? 0 : scale * draws.Gamma(kSpend.p * static_cast<double>(n));
      none += n == 0;
      low += money <= score.own.low;
      high += money <= score.own.high;
    }
    EXPECT_NEAR(high / double{kFutures}, .9, .012);
    EXPECT_NEAR(low / double{kFutures}, std::max(.1, none / double{kFutures}), .012);
  }
}

TEST(ValueScorer, CovariatesScaleTheParameters) {
  FittedModels models = BgNbdModels();
  models.purchases.effects = {{.3}, {-.1}, {-.1}};
  models.purchase_covariance.assign(49, 0.0);
  models.purchase_covariance[4 * 7 + 4] = .01;  // Of the effect on alpha alone.
  ValueScorer scorer = *ValueScorer::Create(models);
  FittedModels applied = BgNbdModels();
  applied.purchases = *ApplyCovariates(models.purchases, std::vector<double>{2});
  const std::vector<double> two = {2}, none = {0};
  const ValueScore with = *scorer.Score(kHistories[4], two);
  EXPECT_EQ(with.clv, ValueScorer::Create(applied)->Score(kHistories[4])->clv);
  EXPECT_NEAR(std::log(with.mean.high / with.clv),
              1.2815516 * .1 * 2 * std::fabs(with.purchase_slopes[1]), 1e-6);
  EXPECT_EQ(scorer.Score(kHistories[4], none)->mean.high, scorer.Score(kHistories[4], none)->clv);
  EXPECT_THAT(scorer.Score(kHistories[4]), FailsWith("LENGTH_MISMATCH", "covariates"));
}

TEST(ValueScorer, ScoresDoNotDependOnWhoCameBefore) {
  Draws draws(8);
  std::vector<PurchaseHistory> rows(kHistories, std::end(kHistories));
  for (int i = 0; i < 25; ++i) {
    PurchaseHistory row{.frequency = static_cast<uint32_t>(draws.LogUniform(1, 90)),
                        .age_days = std::ceil(draws.LogUniform(2, 900))};
    row.recency_days = std::ceil(row.age_days * draws.Uniform());
    row.repeat_value_micros = i % 7 == 0 ? -5 : 1'000'000 * (i + 1);
    rows.push_back(row);
  }
  const FittedModels models = WithErrors(BgNbdModels());
  ValueScorer forward = *ValueScorer::Create(models), backward = *ValueScorer::Create(models);
  std::vector<double> first, second;
  const auto add = [](const ValueScore& s, std::vector<double>& to) {
    to.insert(to.end(), {s.clv, s.own.low, s.own.high, s.mean.low, s.combined.high, s.own_variance,
                         s.silence_days.value_or(-1), s.next_purchase_days});
  };
  for (size_t i = 0; i < rows.size(); ++i) add(*forward.Score(rows[i]), first);
  std::vector<std::vector<double>> back(rows.size());
  for (size_t i = rows.size(); i-- > 0;) add(*backward.Score(rows[i]), back[i]);
  for (const auto& one : back) second.insert(second.end(), one.begin(), one.end());
  EXPECT_EQ(first, second);
}

TEST(ValueScorer, ExtremeCustomersGetFiniteNonNegativeAnswers) {
  Draws draws(77);
  for (int round = 0; round < 6; ++round) {
    FittedModels models = BgNbdModels();
    models.purchases = kKinds[static_cast<size_t>(round) % std::size(kKinds)];
    for (double& value : models.purchases.values) value = draws.LogUniform(.01, 1e3);
    models.spend.gamma_gamma = *GammaGamma::Create(
        {draws.LogUniform(.01, 100), draws.LogUniform(.01, 100), draws.LogUniform(.01, 1e6)});
    models = WithErrors(models, draws.LogUniform(1e-4, 100));
    ValueScorer scorer =
        *ValueScorer::Create(models, {.clv = {.horizon_days = draws.LogUniform(1, 20'000),
                                              .annual_discount_rate = draws.LogUniform(1e-3, 10)}});
    for (int customer = 0; customer < 3; ++customer) {
      PurchaseHistory history{.age_days = draws.LogUniform(.01, 1e4)};
      if (customer > 0) {
        history.frequency = static_cast<uint32_t>(draws.LogUniform(1, 2000));
        history.recency_days = history.age_days * draws.LogUniform(1e-3, 1);
        history.repeat_value_micros = static_cast<Micros>(draws.LogUniform(1, 1e13)) - 1000;
      }
      const ValueScore s = *scorer.Score(history);
      for (double number :
           {s.p_alive, s.expected_purchases, s.expected_purchases_short, s.clv, s.own.low,
            s.own.high, s.mean.low, s.mean.high, s.combined.low, s.combined.high,
            s.residual_clv.value(), s.probability_of_purchase, s.next_purchase_days,
            s.next_purchase_probability, s.silence_days.value_or(0), s.own_variance}) {
        ASSERT_TRUE(std::isfinite(number) && number >= 0)
            << round << " " << TraitsOf(models.purchases.kind).name << " " << number;
      }
      ASSERT_LE(s.own.low, s.own.high);
      ASSERT_LE(s.mean.low, s.mean.high);
      ASSERT_LE(s.combined.low, s.combined.high);
    }
  }
}

TEST(ValueScorer, RefusesBadInput) {
  FittedModels models = BgNbdModels();
  models.purchase_covariance.assign(9, 0.0);
  EXPECT_THAT(ValueScorer::Create(models), FailsWith("LENGTH_MISMATCH", "purchase_covariance"));
  models = BgNbdModels();
  models.spend_covariance.assign(9, std::nan(""));
  EXPECT_THAT(ValueScorer::Create(models), FailsWith("NOT_FINITE", "spend_covariance"));
  models = BgNbdModels();
  models.purchases.values[2] = 0;
  EXPECT_THAT(ValueScorer::Create(models), FailsWith("NOT_POSITIVE", "purchases.a"));
  EXPECT_THAT(ValueScorer::Create(BgNbdModels(), {.clv = {}, .silence_bound = 1}),
              FailsWith("OUT_OF_RANGE", "silence_bound"));
  EXPECT_THAT(ValueScorer::Create(BgNbdModels())->Score({1, 20, 10}),
              FailsWith("RECENCY_AFTER_AGE", "recency_days"));
}

}  // namespace
}  // namespace rapport::value

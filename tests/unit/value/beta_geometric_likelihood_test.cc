// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "lib/base/text.h"
#include "lib/math/optimize.h"
#include "lib/value/purchase_likelihood.h"
#include "tests/unit/value/cdnow_sample.h"
#include "tests/unit/value/regular_buyers.h"

namespace rapport::value {
namespace {

constexpr ModelKind kKinds[] = {ModelKind::kBgCnbdK, ModelKind::kMbgCnbdK};

PurchaseTable Fold(std::span<const PurchaseHistory> rows, std::span<const double> weights = {}) {
  auto table = FoldPurchases(rows, weights, 7);
  EXPECT_TRUE(table.ok()) << table.status();
  return std::move(*table);
}

std::vector<double> Logs(std::vector<double> values) {
  for (double& value : values) value = std::log(value);
  return values;
}

struct Fitted {
  double log_likelihood = 0;
  std::vector<double> values;
  std::vector<double> errors;
  bool converged = false;
};
Fitted Fit(const PurchaseTable& table, ModelKind kind, uint32_t k) {
  const auto likelihood = NewBetaGeometricLikelihood(table, kind, k);
  const auto objective = [&](std::span<const double> x, std::span<double> gradient) {
    const double value = likelihood->Evaluate(x, gradient);
    for (double& slope : gradient) slope /= -table.weight;
    return -value / table.weight;
  };
  const math::Minimum minimum = math::Minimize(objective, StartOf(kind, table));
  Fitted result{-minimum.value * table.weight, {}, {}, minimum.converged};
  for (size_t i = 0; i < 4; ++i) {
    result.values.push_back(std::exp(minimum.x[i]));
    const double variance = minimum.inverse_hessian[5 * i] / table.weight;
    result.errors.push_back(result.values[i] * std::sqrt(variance));
  }
  return result;
}

void ExpectFit(const Fitted& fitted, double log_likelihood, const std::vector<double>& values,
               const std::vector<double>& errors) {
  EXPECT_TRUE(fitted.converged);
  EXPECT_GE(fitted.log_likelihood, log_likelihood - 1e-5);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(fitted.values[i] / values[i], 1, 1e-4) << i;
    EXPECT_NEAR(fitted.errors[i] / errors[i], 1, 1e-2) << i;
  }
}

// Anchors of the CDNOW sample; published by Fader, Hardie, Lee 2005 and, for MBG/NBD, by
// BTYDplus, to three digits.
TEST(BetaGeometricLikelihood, FitsCdnow) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  const PurchaseTable table = Fold(cdnow.histories);
  ExpectFit(Fit(table, ModelKind::kBgNbd, 1), -9582.4292067,
            {.2425945, 4.413602, .792922, 2.425907}, {.01256, .37822, .18573, .70541});
  ExpectFit(Fit(table, ModelKind::kMbgNbd, 1), -9582.1357156,
            {.524843, 6.183085, .891359, 1.614002}, {.08327, .69562, .15479, .53750});
}

TEST(BetaGeometricLikelihood, CdnowIsNotRegular) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  const PurchaseTable table = Fold(cdnow.histories);
  for (ModelKind kind : kKinds) {
    const double plain = Fit(table, kind, 1).log_likelihood;
    EXPECT_GT(plain, Fit(table, kind, 2).log_likelihood + 10);
    EXPECT_GT(plain, Fit(table, kind, 3).log_likelihood + 10);
  }
}

TEST(BetaGeometricLikelihood, RegularBuyersAreFound) {
  for (uint32_t k : {1, 2, 3}) {
    const std::vector<double> truth = {.8, 5.0 / k, .8, 2.5};
    const auto rows = SimulateRegularBuyers({.modified = true, .k = k, .values = truth}, 4000, 7);
    const PurchaseTable table = Fold(rows);
    std::vector<Fitted> fits;
    for (uint32_t candidate : {1, 2, 3, 4}) {
      fits.push_back(Fit(table, ModelKind::kMbgCnbdK, candidate));
    }
    for (uint32_t candidate : {1, 2, 3, 4}) {
      if (candidate == k) continue;
      EXPECT_GT(fits[k - 1].log_likelihood, fits[candidate - 1].log_likelihood + 20)
          << k << " " << candidate;
    }
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(fits[k - 1].values[i], truth[i], 3 * fits[k - 1].errors[i]) << k << " " << i;
    }
  }
}

TEST(BetaGeometricLikelihood, OneStageIsThePlainModelBitForBit) {
  const auto rows = SimulateRegularBuyers({.values = {.5, 5, .8, 2.5}}, 500, 3);
  const PurchaseTable table = Fold(rows);
  const std::vector<double> at = Logs({.4, 4, .9, 2});
  const std::pair<ModelKind, ModelKind> pairs[] = {{ModelKind::kBgNbd, ModelKind::kBgCnbdK},
                                                   {ModelKind::kMbgNbd, ModelKind::kMbgCnbdK}};
  for (const auto& [plain, regular] : pairs) {
    std::vector<double> a(4), b(4);
    EXPECT_EQ(NewBetaGeometricLikelihood(table, plain, 1)->Evaluate(at, a),
              NewBetaGeometricLikelihood(table, regular, 1)->Evaluate(at, b));
    EXPECT_EQ(a, b);
  }
}

// Both ways to take logarithms, whole tables and pieces, against one customer at a time.
TEST(BetaGeometricLikelihood, AgreesWithTheModelAndItsDifferences) {
  for (const bool whole_days : {false, true}) {
    const auto rows = SimulateRegularBuyers(
        {.k = 2, .values = {.5, 5, .8, 2.5}, .whole_days = whole_days}, 3000, 5);
    const PurchaseTable table = Fold(rows);
    for (ModelKind kind : kKinds) {
      for (uint32_t k : {1, 2, 3}) {
        const std::vector<double> values = {.4, 4, .9, 2};
        const std::vector<double> at = Logs(values);
        const auto likelihood = NewBetaGeometricLikelihood(table, kind, k);
        std::vector<double> gradient(4), unused(4);
        const double value = likelihood->Evaluate(at, gradient);
        const auto model = std::move(
            *MakePurchaseModel({.kind = kind, .regularity = k, .values = values, .effects = {}}));
        double sum = 0;
        for (const PurchaseHistory& row : rows) sum += model->LogLikelihood(row);
        EXPECT_NEAR(value, sum, 1e-11 * std::fabs(sum));
        for (size_t i = 0; i < 4; ++i) {
          constexpr double kStep = 1e-4;
          auto high = at, low = at;
          high[i] += kStep, low[i] -= kStep;
          const double slope =
              (likelihood->Evaluate(high, unused) - likelihood->Evaluate(low, unused)) /
              (2 * kStep);
          EXPECT_NEAR(gradient[i], slope, 1e-5 * (1 + std::fabs(slope))) << k << " " << i;
        }
        double pieces = 0;
        std::vector<double> slopes(4);
        for (size_t begin = 0; begin < table.rows.size(); begin += 700) {
          pieces += NewBetaGeometricLikelihood(table, kind, k, {begin, begin + 700})
                        ->Evaluate(at, unused);
          for (size_t i = 0; i < 4; ++i) slopes[i] += unused[i];
        }
        EXPECT_NEAR(pieces, value, 1e-11 * std::fabs(value));
        for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(slopes[i], gradient[i], 1e-8) << i;
      }
    }
  }
}

// What happens next, weighed by its likelihood, adds up to what is known now: a customer
// silent at T either stays silent until T' or buys once more in between.
TEST(BetaGeometricLikelihood, FutureAddsUpToThePresent) {
  for (ModelKind kind : kKinds) {
    for (uint32_t k : {1, 2, 3}) {
      const auto model = std::move(*MakePurchaseModel(
          {.kind = kind, .regularity = k, .values = {.6, 5, .8, 2.5}, .effects = {}}));
      const PurchaseHistory now{
          .frequency = 1, .recency_days = 50, .age_days = 90, .sum_log_gap_days = std::log(50.0)};
      PurchaseHistory silent = now;
      silent.age_days = 200;
      // Density, per unit of 7 days, of buying at `day` and nothing being seen after: the
      // history observed up to that moment.
      const auto buys = [&](double day) {
        return std::exp(
            model->LogLikelihood({.frequency = 2,
                                  .recency_days = day,
                                  .age_days = day,
                                  .sum_log_gap_days = now.sum_log_gap_days + std::log(day - 50)}));
      };
      constexpr int kPieces = 2000;
      double sum = 0;
      for (int i = 0; i <= kPieces; ++i) {
        const double weight = i == 0 || i == kPieces ? 1 : i % 2 == 1 ? 4 : 2;
        sum += weight * buys(90 + 110.0 * i / kPieces) * (110.0 / kPieces / 3) / 7;
      }
      const double expected = std::exp(model->LogLikelihood(now));
      EXPECT_NEAR((std::exp(model->LogLikelihood(silent)) + sum) / expected, 1, 1e-10) << k;
    }
  }
}

TEST(BetaGeometricLikelihood, ExtremeParametersAreFinite) {
  const auto rows = SimulateRegularBuyers({.k = 2, .values = {.5, 5, .8, 2.5}}, 50, 11);
  const PurchaseTable table = Fold(rows);
  for (ModelKind kind : kKinds) {
    for (uint32_t k : {1, 3}) {
      const auto likelihood = NewBetaGeometricLikelihood(table, kind, k);
      for (int corner = 0; corner < 16; ++corner) {
        std::vector<double> at, gradient(4);
        for (int i = 0; i < 4; ++i) at.push_back((corner >> i & 1) != 0 ? 13.8 : -13.8);
        EXPECT_TRUE(std::isfinite(likelihood->Evaluate(at, gradient))) << corner;
        for (double slope : gradient) EXPECT_TRUE(std::isfinite(slope)) << corner;
      }
    }
  }
}

}  // namespace
}  // namespace rapport::value

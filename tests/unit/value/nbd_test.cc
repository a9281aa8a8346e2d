// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "lib/math/optimize.h"
#include "lib/value/purchase_likelihood.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/cdnow_sample.h"

namespace rapport::value {
namespace {

std::unique_ptr<PurchaseModel> Make(double r, double alpha, double unit_days = 7) {
  return NewNbd({ModelKind::kNbd, 1, unit_days, {r, alpha}, {}});
}

// value.md section 1 (BTYDplus): r .384766, alpha 12.07201, log-likelihood -9763.6576.
TEST(Nbd, CdnowAnchor) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table, FoldPurchases(cdnow.histories, {}, 7));
  const auto likelihood = NewNbdLikelihood(table);
  const double start[] = {0, 3};
  const math::Minimum fit = math::Minimize(
      [&](std::span<const double> x, std::span<double> gradient) {
        const double value = likelihood->Evaluate(x, gradient);
        for (double& slope : gradient) slope /= -table.weight;
        return -value / table.weight;
      },
      start);
  EXPECT_TRUE(fit.converged);
  EXPECT_NEAR(-fit.value * table.weight, -9763.6576, 6e-5);
  EXPECT_NEAR(std::exp(fit.x[0]) / .384766, 1, 1e-5);
  EXPECT_NEAR(std::exp(fit.x[1]) / 12.07201, 1, 1e-5);
  const auto model = Make(std::exp(fit.x[0]), std::exp(fit.x[1]));
  double sum = 0;
  for (const PurchaseHistory& history : cdnow.histories) sum += model->LogLikelihood(history);
  EXPECT_NEAR(sum, -fit.value * table.weight, 1e-8);
}

TEST(Nbd, LikelihoodIsTheNegativeBinomialDensityOfTimes) {
  // Gamma(r + x) / Gamma(r) alpha^r / (alpha + T)^(r + x) at r = 2, alpha = 3, x = 3, T = 4.
  const PurchaseHistory history{.frequency = 3, .recency_days = 7, .age_days = 28};
  EXPECT_NEAR(Make(2, 3)->LogLikelihood(history), std::log(24. * 9 / std::pow(7, 5)), 1e-14);
}

TEST(Nbd, NobodyLeaves) {
  const auto model = Make(.4, 12);
  const PurchaseHistory history{.frequency = 1, .recency_days = 7, .age_days = 7000};
  EXPECT_EQ(model->PAlive(history), 1);
  EXPECT_TRUE(model->AliveByConstruction(history));
  EXPECT_EQ(model->AliveAhead({1, 1, 0, 7000}, 1e6), 1);
  EXPECT_TRUE(std::isinf(model->SilenceDays(history, .5)));
}

TEST(Nbd, FutureIsClosedForm) {
  const auto model = Make(.5, 10);
  const AliveState state{1, 3, 0, 280};  // Gamma(3.5, 50) a week.
  EXPECT_NEAR(model->ExpectedPurchases(state, 70), .7, 1e-15);
  EXPECT_NEAR(model->NoPurchase(state, 70), std::pow(50 / 60., 3.5), 1e-15);
  EXPECT_NEAR(model->DiscountedPurchases(state, std::numeric_limits<double>::infinity(), .01 / 7),
              7, 1e-13);
  EXPECT_NEAR(model->DiscountedPurchases(state, 70, 1e-16), .7, 1e-14);
  EXPECT_EQ(model->DiscountedPurchases(state, 70, 0), model->ExpectedPurchases(state, 70));
  const auto counts = model->PurchaseCounts(state, 70, 200);
  double sum = 0, mean = 0;
  for (size_t n = 0; n < counts.size(); ++n) {
    sum += counts[n];
    mean += static_cast<double>(n) * counts[n];
  }
  EXPECT_NEAR(sum, 1, 1e-14);
  EXPECT_NEAR(mean, .7, 1e-13);
  EXPECT_NEAR(counts[2], 3.5 * 4.5 / 2 * std::pow(50 / 60., 3.5) / 36, 1e-15);
  EXPECT_NEAR(model->ExpectedFromStart(70), .5, 1e-15);
}

TEST(Nbd, PiecesAddUpAndGradientIsTheSlope) {
  std::vector<PurchaseHistory> rows;
  for (uint32_t i = 0; i < 300; ++i) {
    const uint32_t x = i % 7;
    rows.push_back({.frequency = x, .recency_days = x == 0 ? 0. : 5., .age_days = 20. + i % 90});
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table, FoldPurchases(rows, {}, 7));
  const auto whole = NewNbdLikelihood(table);
  std::vector<double> at = {-.3, 1.7}, gradient(2), piece(2), sum(2), unused(2);
  const double value = whole->Evaluate(at, gradient);
  double total = 0;
  for (size_t begin = 0; begin < table.rows.size(); begin += 37) {
    total += NewNbdLikelihood(table, {begin, begin + 37})->Evaluate(at, piece);
    for (size_t i = 0; i < 2; ++i) sum[i] += piece[i];
  }
  EXPECT_NEAR(total / value, 1, 1e-14);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(sum[i], gradient[i], 1e-10);
    std::vector<double> up = at, down = at;
    up[i] += 1e-5, down[i] -= 1e-5;
    const double slope = (whole->Evaluate(up, unused) - whole->Evaluate(down, unused)) / 2e-5;
    EXPECT_NEAR(gradient[i], slope, 1e-5);
  }
}

TEST(Nbd, ExtremesStayFinite) {
  for (double r : {1e-6, 1., 1e6}) {
    for (double alpha : {1e-6, 1., 1e6}) {
      const auto model = Make(r, alpha);
      for (uint32_t x : {0u, 10'000u}) {
        const PurchaseHistory history{
            .frequency = x, .recency_days = x == 0 ? 0 : 1e-6, .age_days = 1e-6};
        EXPECT_TRUE(std::isfinite(model->LogLikelihood(history)));
        for (double horizon : {0., 1e-9, 36400.}) {
          const AliveState state{1, x, 0, 1e-6};
          EXPECT_TRUE(std::isfinite(model->ExpectedPurchases(state, horizon)));
          for (double count : model->PurchaseCounts(state, horizon, 5)) {
            EXPECT_TRUE(count >= 0 && count <= 1);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
// The likelihood of many rows under Pareto/NBD: published anchors on CDNOW, and agreement
// with the likelihood of one customer, which shares no curve with it.
#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "lib/math/optimize.h"
#include "lib/value/purchase_likelihood.h"
#include "tests/support/matchers.h"
#include "tests/unit/value/cdnow_sample.h"

namespace rapport::value {
namespace {

using Parameters = std::vector<double>;

Parameters Logs(Parameters values) {
  for (double& value : values) value = std::log(value);
  return values;
}

double SumOneByOne(const std::vector<PurchaseHistory>& rows, const Parameters& values) {
  const auto model = NewParetoNbd({ModelKind::kParetoNbd, 1, 7, values, {}});
  double sum = 0;
  for (const PurchaseHistory& row : rows) sum += model->LogLikelihood(row);
  return sum;
}

uint64_t Mix(uint64_t z) {  // SplitMix64's output function.
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Histories of every frequency in 0 .. 30 with continuous times, not drawn from any model,
// and a few of very frequent buyers.
std::vector<PurchaseHistory> ManyRows(size_t count) {
  std::vector<PurchaseHistory> rows;
  for (size_t i = 0; i < count; ++i) {
    const double u = static_cast<double>(Mix(2 * i + 1) >> 11) * 0x1p-53;
    const double v = static_cast<double>(Mix(2 * i + 2) >> 11) * 0x1p-53;
    const auto x = static_cast<uint32_t>(i % 500 == 0 ? 10'000 * u : 31 * v * v);
    const double age = 50 + 1000 * u;
    rows.push_back(
        {.frequency = x, .recency_days = x == 0 ? 0 : age * (1 - v * u), .age_days = age});
  }
  return rows;
}

constexpr double kAnchor[] = {.553277, 10.577684, .606240, 11.668735};

TEST(ParetoNbdLikelihood, CdnowAnchor) {  // value.md section 1.
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table, FoldPurchases(cdnow.histories, {}, 7));
  const auto likelihood = NewParetoNbdLikelihood(table);
  Parameters gradient(4);
  const double value = likelihood->Evaluate(Logs({kAnchor, kAnchor + 4}), gradient);
  EXPECT_NEAR(value, -9594.9761789, 1e-7);
  for (double slope : gradient) EXPECT_NEAR(slope / 2357, 0, 1e-7);
  EXPECT_NEAR(SumOneByOne(cdnow.histories, {kAnchor, kAnchor + 4}), value, 1e-8);
}

TEST(ParetoNbdLikelihood, CdnowFitAndStandardErrors) {
  LOAD_CDNOW_OR_SKIP(cdnow);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table, FoldPurchases(cdnow.histories, {}, 7));
  const auto likelihood = NewParetoNbdLikelihood(table);
  const math::Minimum fit = math::Minimize(
      [&](std::span<const double> x, std::span<double> gradient) {
        const double value = likelihood->Evaluate(x, gradient);
        for (double& slope : gradient) slope /= -table.weight;
        return -value / table.weight;
      },
      Logs({1, 20, 1, 20}));
  EXPECT_TRUE(fit.converged);
  EXPECT_GE(-fit.value * table.weight, -9594.9761789 - 1e-6);
  constexpr double kErrors[] = {.04763, .84272, .18728, 6.2111};
  for (size_t i = 0; i < 4; ++i) {
    const double value = std::exp(fit.x[i]);
    EXPECT_NEAR(value / kAnchor[i], 1, 2e-6) << i;
    const double error = value * std::sqrt(fit.inverse_hessian[5 * i] / table.weight);
    EXPECT_NEAR(error / kErrors[i], 1, 1e-4) << i;
  }
}

TEST(ParetoNbdLikelihood, CurvesAgreeWithOneCustomerAtATime) {
  const std::vector<PurchaseHistory> rows = ManyRows(1200);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table, FoldPurchases(rows, {}, 7));
  const auto likelihood = NewParetoNbdLikelihood(table);
  for (const Parameters& values : {Parameters{.55, 10.6, .61, 11.7},
                                   {.55, 1, .61, 400},
                                   {2, 300, 1, .5},
                                   {1, 5, .7, 5},
                                   {1e-3, 1e-2, 1e-3, 1e3},
                                   {1e4, 1e5, 30, 1e-3},
                                   {.02, 3, 1e5, 1e6}}) {
    SCOPED_TRACE(values[1]);
    const Parameters at = Logs(values);
    Parameters gradient(4), unused(4);
    const double value = likelihood->Evaluate(at, gradient);
    const double expected = SumOneByOne(rows, values);
    EXPECT_NEAR(value / expected, 1, 1e-12);
    for (size_t i = 0; i < 4; ++i) {
      constexpr double kStep = 1e-4;
      Parameters up = values, down = values;
      up[i] *= std::exp(kStep), down[i] *= std::exp(-kStep);
      const double slope = (SumOneByOne(rows, up) - SumOneByOne(rows, down)) / (2 * kStep);
      EXPECT_NEAR(gradient[i], slope, 1e-7 * std::fabs(expected)) << i;
    }
  }
}

// Frequencies of few rows are evaluated directly, those of many by curves: the slopes of
// both are the same.
TEST(ParetoNbdLikelihood, FewRowsAndManyHaveTheSameSlopes) {
  const std::vector<PurchaseHistory> all = ManyRows(3000);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table, FoldPurchases(all, {}, 7));
  const auto whole = NewParetoNbdLikelihood(table);
  for (const Parameters& values : {Parameters{.55, 10.6, .61, 11.7}, {.3, .01, .2, 200}}) {
    const Parameters at = Logs(values);
    Parameters gradient(4), piece(4), sum(4);
    const double value = whole->Evaluate(at, gradient);
    double total = 0;
    for (size_t begin = 0; begin < table.rows.size(); begin += 20) {
      total += NewParetoNbdLikelihood(table, {begin, begin + 20})->Evaluate(at, piece);
      for (size_t i = 0; i < 4; ++i) sum[i] += piece[i];
    }
    EXPECT_NEAR(total / value, 1, 1e-12);
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(sum[i] / gradient[i], 1, 1e-9);
  }
}

TEST(ParetoNbdLikelihood, OrderOfRowsAndSplittingWeightsChangeNoBit) {
  std::vector<PurchaseHistory> rows = ManyRows(800);
  rows.insert(rows.end(), rows.begin(), rows.begin() + 400);
  Parameters first(4), second(4);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable table, FoldPurchases(rows, {}, 7));
  const Parameters at = Logs({.5, 9, .7, 14});
  const double value = NewParetoNbdLikelihood(table)->Evaluate(at, first);
  std::reverse(rows.begin(), rows.end());
  RAPPORT_ASSERT_OK_AND_ASSIGN(const PurchaseTable again, FoldPurchases(rows, {}, 7));
  const auto likelihood = NewParetoNbdLikelihood(again);
  likelihood->Evaluate(Logs({3, 1, 2, 500}), second);
  EXPECT_EQ(likelihood->Evaluate(at, second), value);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace rapport::value

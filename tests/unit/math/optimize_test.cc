// SPDX-License-Identifier: Apache-2.0
#include "lib/math/optimize.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

double Rosenbrock(std::span<const double> x, std::span<double> g) {
  const double u = 1 - x[0], v = x[1] - x[0] * x[0];
  g[0] = -2 * u - 400 * v * x[0];
  g[1] = 200 * v;
  return u * u + 100 * v * v;
}

TEST(Minimize, FindsTheRosenbrockMinimumWithItsHessian) {
  const double start[] = {-1.2, 1};
  const Minimum minimum = Minimize(Rosenbrock, start);
  EXPECT_TRUE(minimum.converged);
  EXPECT_LT(minimum.gradient_norm, 1e-9);
  EXPECT_NEAR(minimum.x[0], 1, 1e-10);
  EXPECT_NEAR(minimum.x[1], 1, 1e-10);
  // Known Hessian at (1, 1).
  EXPECT_NEAR(minimum.hessian[0], 802, 1e-3);
  EXPECT_NEAR(minimum.hessian[1], -400, 1e-3);
  EXPECT_NEAR(minimum.hessian[3], 200, 1e-3);
  ASSERT_EQ(minimum.inverse_hessian.size(), 4u);
  EXPECT_NEAR(minimum.inverse_hessian[0], 0.5, 1e-4);
}

TEST(Minimize, SameInputGivesTheSameBits) {
  const double start[] = {-1.2, 1};
  EXPECT_EQ(Minimize(Rosenbrock, start).x, Minimize(Rosenbrock, start).x);
}

TEST(Minimize, StopsARunawayAtItsBoundAndSaysSo) {
  // (x0 - 2)^2 + e^-x1: nothing holds x1.
  const auto runaway = [](std::span<const double> x, std::span<double> g) {
    g[0] = 2 * (x[0] - 2);
    g[1] = -std::exp(-x[1]);
    return (x[0] - 2) * (x[0] - 2) + std::exp(-x[1]);
  };
  const double start[] = {0, 0};
  const Minimum minimum = Minimize(runaway, start, {.bound = 6});
  EXPECT_TRUE(minimum.converged);
  EXPECT_NEAR(minimum.x[0], 2, 1e-9);
  EXPECT_FALSE(minimum.at_bound[0]);
  EXPECT_TRUE(minimum.at_bound[1]);
  EXPECT_EQ(minimum.x[1], 6);
}

TEST(Minimize, StepsBackFromPointsWithoutAValue) {
  // Minimum of x - log x at 1; undefined for x <= 0, where it answers NaN.
  const auto barrier = [](std::span<const double> x, std::span<double> g) {
    if (x[0] <= 0) return g[0] = std::numeric_limits<double>::quiet_NaN();
    g[0] = 1 - 1 / x[0];
    return x[0] - std::log(x[0]);
  };
  const double start[] = {9};
  const Minimum minimum = Minimize(barrier, start);
  EXPECT_TRUE(minimum.converged);
  EXPECT_NEAR(minimum.x[0], 1, 1e-9);
}

TEST(Minimize, ReportsAFunctionWithoutAnyValue) {
  const auto never = [](std::span<const double>, std::span<double> g) {
    return g[0] = std::numeric_limits<double>::quiet_NaN();
  };
  const double start[] = {0};
  EXPECT_FALSE(Minimize(never, start).converged);
}

TEST(InvertPositiveDefinite, RefusesASingularMatrix) {
  EXPECT_TRUE(InvertPositiveDefinite(std::vector<double>{1, 1, 1, 1}, 2).empty());
  const std::vector<double> inverse = InvertPositiveDefinite(std::vector<double>{4, 0, 0, 2}, 2);
  ASSERT_EQ(inverse.size(), 4u);
  EXPECT_DOUBLE_EQ(inverse[0], 0.25);
  EXPECT_DOUBLE_EQ(inverse[3], 0.5);
}

}  // namespace
}  // namespace rapport::math

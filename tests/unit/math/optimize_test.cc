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

// Nothing tells x0 from x1: a valley along x0 + x1 = 1 that never bends.
TEST(Minimize, StopsInAFlatValleyWithoutAnInverse) {
  const auto valley = [](std::span<const double> x, std::span<double> g) {
    const double d = x[0] + x[1] - 1;
    g[0] = g[1] = std::sinh(d);
    return std::cosh(d);
  };
  const double start[] = {5, 3};
  const Minimum minimum = Minimize(valley, start);
  EXPECT_TRUE(minimum.converged);
  EXPECT_NEAR(minimum.x[0] + minimum.x[1], 1, 1e-9);
  EXPECT_LT(minimum.evaluations, 40);
}

// As BG/NBD without any sign of leaving: the slope fades like e^-x1 along a ridge on which
// BFGS stops at 1e-5, far from its end.
TEST(Minimize, WalksAFadingRidgeToItsBound) {
  const auto ridge = [](std::span<const double> x, std::span<double> g) {
    const double tail = 1e-4 * std::exp(-0.5 * x[1]), d = x[0] - 0.3 * x[1];
    g[0] = 2 * d;
    g[1] = -0.6 * d - 0.5 * tail;
    return d * d + tail;
  };
  const double start[] = {0, 0};
  const Minimum minimum = Minimize(ridge, start);
  EXPECT_TRUE(minimum.converged) << minimum.gradient_norm;
  EXPECT_TRUE(minimum.at_bound[1]) << minimum.x[1];
  EXPECT_NEAR(minimum.x[0], 4.5, 1e-8);
}

// Powell 1962: the Hessian is singular at the minimum, where Newton only halves the way.
TEST(Minimize, ConvergesOnASingularHessian) {
  const auto powell = [](std::span<const double> x, std::span<double> g) {
    const double a = x[0] + 10 * x[1], b = x[2] - x[3], c = x[1] - 2 * x[2], d = x[0] - x[3];
    g[0] = 2 * a + 40 * d * d * d;
    g[1] = 20 * a + 4 * c * c * c;
    g[2] = 10 * b - 8 * c * c * c;
    g[3] = -10 * b - 40 * d * d * d;
    return a * a + 5 * b * b + c * c * c * c + 10 * d * d * d * d;
  };
  const double start[] = {3, -1, 0, 1};
  const Minimum minimum = Minimize(powell, start);
  EXPECT_TRUE(minimum.converged) << minimum.gradient_norm;
  EXPECT_LT(minimum.value, 1e-11);
}

// Wood's function (Colville 1968): indefinite Hessians on the way from here.
TEST(Minimize, LeavesAnIndefiniteRegion) {
  const auto wood = [](std::span<const double> x, std::span<double> g) {
    const double a = x[1] - x[0] * x[0], b = 1 - x[0], c = x[3] - x[2] * x[2], d = 1 - x[2];
    const double u = x[1] + x[3] - 2, v = x[1] - x[3];
    g[0] = -400 * x[0] * a - 2 * b;
    g[1] = 200 * a + 20 * u + 0.2 * v;
    g[2] = -360 * x[2] * c - 2 * d;
    g[3] = 180 * c + 20 * u - 0.2 * v;
    return 100 * a * a + b * b + 90 * c * c + d * d + 10 * u * u + 0.1 * v * v;
  };
  const double start[] = {-3, -1, -3, -1};
  // BFGS does nothing here: the trust region alone must get there.
  const Minimum minimum = Minimize(wood, start, {.max_iterations = 0, .max_newton_steps = 200});
  EXPECT_TRUE(minimum.converged) << minimum.gradient_norm;
  for (double x : minimum.x) EXPECT_NEAR(x, 1, 1e-9);
}

// Values that carry noise of 1e-13, as sums over a million rows do: the slope decides.
TEST(Minimize, ConvergesUnderRoundingNoise) {
  const auto noisy = [](std::span<const double> x, std::span<double> g) {
    Rosenbrock(x, g);
    const double exact = Rosenbrock(x, g) + 4;
    return exact + 1e-13 * std::sin(1e9 * (x[0] + 2 * x[1]));
  };
  for (double at : {-1.2, 0.3, 2.0, 4.0}) {
    const double start[] = {at, 1};
    const Minimum minimum = Minimize(noisy, start);
    EXPECT_TRUE(minimum.converged) << at << ": " << minimum.gradient_norm;
    EXPECT_NEAR(minimum.x[0], 1, 1e-8) << at;
  }
}

TEST(Minimize, AKnownHessianSparesEvaluations) {
  const double start[] = {0.98, 0.97};
  const Minimum cold = Minimize(Rosenbrock, start);
  const std::vector<double> guess = {800, -395, -395, 202};
  const Minimum warm = Minimize(Rosenbrock, start, {.hessian_guess = guess});
  const Minimum bare = Minimize(Rosenbrock, start, {.hessian_guess = guess, .want_hessian = false});
  EXPECT_TRUE(warm.converged && bare.converged);
  EXPECT_LT(warm.evaluations, cold.evaluations);
  EXPECT_LE(bare.evaluations + 4, warm.evaluations);
  EXPECT_FALSE(warm.inverse_hessian.empty());
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

// SPDX-License-Identifier: Apache-2.0
// Expected numbers: mpmath at 40 digits.
#include "lib/math/special.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void ExpectRelative(double actual, double expected, double tolerance) {
  EXPECT_NEAR(actual, expected, tolerance * std::fabs(expected));
}

TEST(Special, LogBetaHoldsFromTinyToHugeArguments) {
  const struct {
    double a, b, expected;
  } cases[] = {
      {0.5, 0.5, 1.1447298858494001741},  {1e-3, 1e-3, 7.6009008170083473993},
      {2.5, 1e6, -34.254095399436516102}, {1e6, 2e6, -1909548.2909685329565},
      {12, 15, -18.568172732389434645},   {0.2425945, 9.99, 0.770730048334367445},
      {1e-3, 1e8, 6.888758204644896317},
  };
  for (const auto& c : cases) {
    ExpectRelative(LogBeta(c.a, c.b), c.expected, 3e-14);
    EXPECT_EQ(LogBeta(c.a, c.b), LogBeta(c.b, c.a));
  }
}

TEST(Special, GammaFunctionsMatchReferences) {
  ExpectRelative(Digamma(0.25), -4.2274535333762654081, 1e-14);
  ExpectRelative(Trigamma(0.25), 17.197329154507110739, 1e-14);
  ExpectRelative(LogGamma(1e-5), 11.512919692895825707, 1e-14);
}

TEST(Special, RisingTableMatchesReferencesAndIsZeroAtZero) {
  const struct {
    double shape, offset, log_rising, derivative;
  } cases[] = {
      {0.2425945, 1, -1.4163639537926587175, 4.1221049941363056458},
      {0.2425945, 2000, 13199.447529802057349, 11.959235704446883201},
      {1e6, 3, 41.446534673890322315, 2.999997000004999991e-6},
      {12.5, 10000, 82196.11958820686388, 6.7263440016924212482},
  };
  for (const auto& c : cases) {
    const double offsets[] = {0, c.offset};
    double log_rising[2], derivative[2];
    TabulateRising(c.shape, offsets, log_rising, derivative);
    EXPECT_EQ(log_rising[0], 0);
    EXPECT_EQ(derivative[0], 0);
    ExpectRelative(log_rising[1], c.log_rising, 1e-13);
    // A difference of two digammas near 14: absolute accuracy.
    EXPECT_NEAR(derivative[1], c.derivative, 1e-14 * (1 + 14));
  }
}

TEST(Special, SumsOfExponentialsDoNotOverflow) {
  EXPECT_DOUBLE_EQ(LogAddExp(1000, 1000), 1000 + std::log(2.0));
  EXPECT_DOUBLE_EQ(LogAddExp(-kInfinity, 3), 3);
  EXPECT_EQ(LogAddExp(-kInfinity, -kInfinity), -kInfinity);
  EXPECT_DOUBLE_EQ(LogSumExp(std::vector<double>{-2000, -2000, -2000}), -2000 + std::log(3.0));
  EXPECT_EQ(LogSumExp({}), -kInfinity);
  EXPECT_DOUBLE_EQ(Softplus(800), 800);
  EXPECT_DOUBLE_EQ(Softplus(-800), std::exp(-800));
  EXPECT_DOUBLE_EQ(Logistic(-800) + Logistic(800), 1);
}

}  // namespace
}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/quadrature.h"

#include <cmath>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

double Moment(const Rule& rule, double power) {
  double sum = 0;
  for (size_t i = 0; i < rule.nodes.size(); ++i) {
    sum += rule.weights[i] * std::pow(rule.nodes[i], power);
  }
  return sum;
}

TEST(GaussLegendre, IsExactForPolynomials) {
  for (int n : {1, 2, 5, 16, 40}) {
    const Rule rule = GaussLegendre(n);
    EXPECT_NEAR(Moment(rule, 0), 2, 1e-13) << n;
    const int even = 2 * ((2 * n - 1) / 2);
    EXPECT_NEAR(Moment(rule, even), 2.0 / (even + 1), 1e-13) << n;
  }
}

TEST(GaussLegendre, FivePointNodesMatchTheTables) {  // Abramowitz and Stegun 25.4.
  const Rule rule = GaussLegendre(5);
  EXPECT_NEAR(rule.nodes[4], 0.906179845938664, 1e-15);
  EXPECT_NEAR(rule.weights[4], 0.236926885056189, 1e-15);
  EXPECT_NEAR(rule.weights[2], 0.568888888888889, 1e-15);
}

TEST(BetaRule, MatchesBetaMassAndMean) {
  const double parameters[][2] = {{0.79, 2.4}, {1, 1},  {0.05, 0.1}, {0.01, 5},  {5, 0.05},
                                  {1, 2002},   {12, 9}, {300, 700},  {2e4, 3e4}, {0.29, 0.31}};
  for (const auto& [a, b] : parameters) {
    const Rule rule = BetaRule(a, b, 1e-6);
    EXPECT_NEAR(Moment(rule, 0), 1, 1e-11) << a << " " << b;
    EXPECT_NEAR(Moment(rule, 1) * (a + b) / a, 1, 1e-11) << a << " " << b;
    EXPECT_LT(rule.nodes.size(), 2000u);
  }
}

}  // namespace
}  // namespace rapport::math

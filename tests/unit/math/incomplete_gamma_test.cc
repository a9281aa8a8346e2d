// SPDX-License-Identifier: Apache-2.0
#include "lib/math/incomplete_gamma.h"

#include <cmath>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

// Whole shapes have closed forms: Q(1, x) = e^-x, Q(3, x) = e^-x (1 + x + x^2 / 2).
TEST(IncompleteGamma, MatchesClosedForms) {
  for (double x : {1e-6, 0.1, 1.0, 5.0, 40.0}) {
    EXPECT_NEAR(GammaQ(1, x) / std::exp(-x), 1, 1e-13);
    EXPECT_NEAR(GammaQ(3, x) / (std::exp(-x) * (1 + x + x * x / 2)), 1, 1e-13);
    EXPECT_NEAR(GammaP(1, x) / -std::expm1(-x), 1, 1e-13);
    EXPECT_NEAR(GammaPInverse(3, GammaP(3, x)) / x, 1, x < 20 ? 1e-10 : 1);
    EXPECT_NEAR(GammaQInverse(3, GammaQ(3, x)) / x, 1, x > 1e-3 ? 1e-9 : 1);
  }
  // Chi-square with 3 degrees: 5 % above 7.814728 (any table).
  EXPECT_NEAR(GammaQ(1.5, 0.5 * 7.814727903251179), .05, 1e-14);
  EXPECT_EQ(GammaPInverse(2, 0), 0);
  EXPECT_TRUE(std::isinf(GammaPInverse(2, 1)));
  EXPECT_EQ(GammaQInverse(2, 1), 0);
  EXPECT_TRUE(std::isinf(GammaQInverse(2, 0)));
}

}  // namespace
}  // namespace rapport::math

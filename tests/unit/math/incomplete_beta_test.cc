// SPDX-License-Identifier: Apache-2.0
#include "lib/math/incomplete_beta.h"

#include <cmath>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

// Tables by reference/significance.py (scipy).
TEST(IncompleteBeta, StudentMatchesScipy) {
  constexpr struct {
    double t, degrees, p;
  } kTails[] = {
      {0.0, 5.0, 1.0},
      {0.3, 1.0, 0.8144528418445154},
      {2.0, 10.5, 0.07203380015696828},
      {5.0, 3.0, 0.015392438073302296},
      {40.0, 80.0, 1.1765120254316372e-54},
      {1.96, 1000000.0, 0.04999606758526978},
      {-2.5, 27.3, 0.0187192636435662},
  };
  for (const auto& [t, degrees, p] : kTails) {
    EXPECT_NEAR(StudentTwoSided(t, degrees) / p, 1, 1e-11) << t << " " << degrees;
  }
  constexpr struct {
    double confidence, degrees, t;
  } kQuantiles[] = {
      {0.95, 10.0, 2.2281388519862744},        {0.95, 7.0, 2.3646242515927844},
      {0.95, 1.0, 12.706204736174696},         {0.99, 2.5, 7.163728138948783},
      {0.999, 30.3, 3.642113448736076},        {0.5, 100000.0, 0.674492203553292},
      {0.95, 100000000.0, 1.9599640082627663},
  };
  for (const auto& [confidence, degrees, t] : kQuantiles) {
    EXPECT_NEAR(StudentTwoSidedT(confidence, degrees) / t, 1, 1e-10) << degrees;
    EXPECT_NEAR(StudentTwoSided(StudentTwoSidedT(confidence, degrees), degrees), 1 - confidence,
                1e-10);
  }
}

TEST(IncompleteBeta, BinomialMatchesScipy) {
  constexpr struct {
    double k, n, p, at_most, at_least;
  } kCases[] = {
      {3, 10, 0.5, 0.171875, 0.9453125},
      {0, 20, 0.1, 0.12157665459056925, 1.0},
      {20, 20, 0.9, 1.0, 0.12157665459056931},
      {480, 1000, 0.5, 0.10872414660207046, 0.9026168357691174},
      {99500, 100000, 0.995, 0.505991872349437, 0.5118911590484918},
  };
  for (const auto& [k, n, p, at_most, at_least] : kCases) {
    EXPECT_NEAR(BinomialAtMost(k, n, p), at_most, 1e-10);
    EXPECT_NEAR(BinomialAtLeast(k, n, p), at_least, 1e-10);
  }
  EXPECT_EQ(BinomialAtMost(-1, 10, .5), 0);
  EXPECT_EQ(BinomialAtMost(10, 10, .5), 1);
  EXPECT_EQ(BinomialAtLeast(0, 10, .5), 1);
  EXPECT_EQ(BinomialAtLeast(11, 10, .5), 0);
  EXPECT_EQ(BinomialAtMost(0, 0, .5), 1);
}

TEST(IncompleteBeta, ClosedFormsAndEdges) {
  // I_x(1, 1) = x; I_x(2, 1) = x^2; symmetric in its complement.
  for (double x : {0.0, .1, .5, .9, 1.0}) {
    EXPECT_NEAR(BetaP(1, 1, x), x, 1e-15);
    EXPECT_NEAR(BetaP(2, 1, x), x * x, 1e-15);
    EXPECT_NEAR(BetaP(3.5, .7, x), 1 - BetaP(.7, 3.5, 1 - x), 1e-14);
    EXPECT_NEAR(BetaPInverse(2, 1, x), std::sqrt(x), 1e-14);
  }
  EXPECT_EQ(StudentTwoSided(INFINITY, 3), 0);
  for (double bad : {BetaP(0, 1, .5), BetaP(1, 1, 1.5), BetaPInverse(1, 1, -.1),
                     StudentTwoSided(1, 0), StudentTwoSidedT(1, 5), StudentTwoSidedT(.9, 0),
                     BinomialAtMost(1, -1, .5), BinomialAtLeast(1, 5, 2), BetaP(1, 1, NAN)}) {
    EXPECT_TRUE(std::isnan(bad));
  }
}

}  // namespace
}  // namespace rapport::math

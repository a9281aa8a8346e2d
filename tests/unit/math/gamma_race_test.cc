// SPDX-License-Identifier: Apache-2.0
#include "lib/math/gamma_race.h"

#include <cmath>

#include "gtest/gtest.h"

namespace rapport::math {
namespace {

// m = s = 1: with p = a / b, int_0^inf (1 + y/p)^-1 (1 + y)^-2 dy = p (p - 1 - log p) / (1 - p)^2.
TEST(GammaRace, TwoExponentialRatesHaveAClosedForm) {
  for (double ratio : {1e-12, 1e-6, 9.9e-4, 1.1e-3, .01, .2, .7, 1.6, 30., 1e4, 1e9}) {
    const double gap = 1 - ratio;
    const double expected = ratio * (ratio - 1 - std::log(ratio)) / (gap * gap);
    const RaceOdds odds = GammaRace({1, 7 * ratio, 1, 7});
    EXPECT_NEAR(odds.two / expected, 1, 2e-13) << ratio;
    EXPECT_NEAR(odds.one + odds.two, 1, 1e-15) << ratio;
  }
}

TEST(GammaRace, EqualScalesLeaveTheShapesToDecide) {
  for (double m : {1e-6, .3, 5., 1e4, 1e6}) {
    for (double s : {1e-6, .8, 1., 1e6}) {
      const RaceOdds odds = GammaRace({m, 3, s, 3});
      EXPECT_NEAR(odds.one / (m / (m + s)), 1, 1e-15);
      EXPECT_NEAR(odds.two / (s / (m + s)), 1, 1e-15);
    }
  }
}

// mpmath 1.3, 30 digits, quadrature over log time.
TEST(GammaRace, HoldsWhereOneRateIsNearlyKnownOrNearlyZero) {
  EXPECT_NEAR(GammaRace({1e-6, 1e-7, 1, 10}).one / 1.8420509623556104e-5, 1, 1e-12);
  EXPECT_NEAR(GammaRace({1e-6, 10, 3000.5, 2e6}).one / 3.6924054997807716e-6, 1, 1e-12);
  EXPECT_NEAR(GammaRaceLogs({1e-6, 1e-7, 1, 10}).one.by_w, -.05428630508714701, 1e-14);
  EXPECT_NEAR(GammaRaceLogs({1e-6, 10, 3000.5, 2e6}).one.by_w, -.2558239383969945, 1e-13);
}

// The two methods meet at kRaceFractionFrom.
TEST(GammaRace, FractionAndTrapezoidAgreeWhereTheyMeet) {
  for (double m : {1e-6, .02, .6, 3., 200., 1e4}) {
    for (double s : {1e-6, .05, .6, 4., 1e3, 1e6}) {
      const RaceLogs below = GammaRaceLogs({m, kRaceFractionFrom * (1 - 1e-14), s, 1});
      const RaceLogs above = GammaRaceLogs({m, kRaceFractionFrom * (1 + 1e-14), s, 1});
      const auto expect_same = [&](const RaceLog& a, const RaceLog& b) {
        EXPECT_NEAR(a.log, b.log, 1e-12) << m << " " << s;
        EXPECT_NEAR(a.by_w, b.by_w, 1e-12) << m << " " << s;
        EXPECT_NEAR(a.by_m * m, b.by_m * m, 1e-11) << m << " " << s;
        EXPECT_NEAR(a.by_s * s, b.by_s * s, 1e-11) << m << " " << s;
      };
      expect_same(below.one, above.one);
      expect_same(below.two, above.two);
    }
  }
}

TEST(GammaRace, SlopesAreThoseOfTheLogarithm) {
  constexpr double kStep = 1e-5;
  for (const GammaClocks& c : {GammaClocks{.6, 10, .5, 12},
                               {3.5, 40, .6, 20},
                               {1e3, 1, 2, 50},
                               {.01, 5, .02, 1},
                               {2, 1e-5, .7, 1},
                               {40, 1e4, .3, .1}}) {
    const RaceLogs at = GammaRaceLogs(c);
    const double e = std::exp(kStep);
    const auto slope = [&](const GammaClocks& up, const GammaClocks& down, auto pick) {
      return (std::log(pick(GammaRace(up))) - std::log(pick(GammaRace(down)))) / (2 * kStep);
    };
    const auto expect_slopes = [&](const RaceLog& log, auto pick) {
      EXPECT_NEAR(log.log, std::log(pick(GammaRace(c))), 1e-13);
      EXPECT_NEAR(log.by_w, slope({c.m, c.a * e, c.s, c.b}, {c.m, c.a / e, c.s, c.b}, pick), 1e-9);
      EXPECT_NEAR(log.by_m * c.m, slope({c.m * e, c.a, c.s, c.b}, {c.m / e, c.a, c.s, c.b}, pick),
                  1e-9);
      EXPECT_NEAR(log.by_s * c.s, slope({c.m, c.a, c.s * e, c.b}, {c.m, c.a, c.s / e, c.b}, pick),
                  1e-9);
    };
    expect_slopes(at.one, [](const RaceOdds& o) { return o.one; });
    expect_slopes(at.two, [](const RaceOdds& o) { return o.two; });
  }
}

}  // namespace
}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
// The regularised incomplete beta function and the distributions that are one: binomial
// and Student's t.
//
// Shapes and degrees of freedom > 0, 0 <= x, p <= 1; else NaN. Pure, thread-safe;
// relative error about 1e-13 (DiDonato and Morris 1992, ACM TOMS 708, as in Boost.Math).
#pragma once

namespace rapport::math {

// P(B <= x) for B ~ Beta(a, b), and the x where it is p.
double BetaP(double a, double b, double x);
double BetaPInverse(double a, double b, double p);

// P(X <= k) and P(X >= k) for X ~ Binomial(n, p); k any whole number.
double BinomialAtMost(double k, double n, double p);
double BinomialAtLeast(double k, double n, double p);

// P(|T| >= |t|) with `degrees` of freedom, which need not be whole: the two-sided p-value.
double StudentTwoSided(double t, double degrees);
// The t with P(|T| <= t) = confidence: 0.95 and 10 -> 2.228139.
double StudentTwoSidedT(double confidence, double degrees);

}  // namespace rapport::math

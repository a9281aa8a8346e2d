// SPDX-License-Identifier: Apache-2.0
// The regularised incomplete gamma function and its inverse: tails of gamma, chi-square,
// Poisson and inverse gamma distributions.
//
// Shape > 0, x >= 0. Pure, thread-safe; relative error about 1e-14 (Temme 1979, DiDonato
// and Morris 1986, as in Boost.Math).
#pragma once

namespace rapport::math {

// P(G <= x) and P(G > x) for G ~ Gamma(shape, rate 1).
double GammaP(double shape, double x);
double GammaQ(double shape, double x);
// The x with GammaP(shape, x) = p; 0 at p <= 0, infinity at p >= 1.
double GammaPInverse(double shape, double p);
// The x with GammaQ(shape, x) = q, accurate for tiny q; infinity at q <= 0, 0 at q >= 1.
double GammaQInverse(double shape, double q);

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
// Moments of a beta variable and sums of them: what discrete-time models of leaving are
// made of (BG/BB, shifted-beta-geometric, beta-discrete-Weibull).
//
// If q ~ Beta(b, a), then E[q^k] = B(a, b + k) / B(a, b), for any real k >= 0. Its
// logarithm is formed without cancellation, so neither a long time nor a large parameter
// costs digits (relative error of the logarithm below 1e-12); sums over k = 0, 1, ... are
// of positive terms.
//
// Shapes > 0, steps in [0, 1e290]. Pure; thread-safe. Sources: Abramowitz and Stegun
// 6.1.41, 6.3.18 (Stirling), 23.1.30 (Euler and Maclaurin, at midpoints).
#pragma once

#include "absl/functional/function_ref.h"

namespace rapport::math {

// log of B(a, b + k) / B(a, b): <= 0, falling in k, symmetric in a and k.
double LogBetaRatio(double a, double b, double k);

// Digamma(z + d) - Digamma(z).
double DigammaStep(double z, double d);

// Sum of f(k) for whole k in [begin, end), begin >= kSeriesHead; `end` may be infinite. f
// is positive, is defined for real k and falls like a power or an exponential of k or
// slower; the Euler-Maclaurin error is then below 1e-12 of the sum from 0 on. `so_far`,
// the sum of the terms before `begin`, says when the rest is too small to matter. Infinite
// when the sum is. Cost: 24 calls for each doubling of k.
double SeriesTail(absl::FunctionRef<double(double)> f, double begin, double end, double so_far);
inline constexpr double kSeriesHead = 1024;

// Sum of f(k) for k = 0 .. count - 1: the first kSeriesHead terms one by one.
double SumSeries(absl::FunctionRef<double(double)> f, double count);

// How many terms, of `count`, of a sum of f(k) e^(-decay k) with f falling are more than
// 1e-17 of it.
double CountWithDecay(double count, double decay);

// Sum over k = 1 .. count of E[q^k] e^(-decay (k - 1)), q ~ Beta(b, a), decay >= 0: a
// customer's renewals if q is the chance to stay. Infinite if the sum is.
double SumBetaMoments(double a, double b, double count, double decay);

// P(X > x), X chi-square with `degrees` > 0 degrees of freedom; 1 for x <= 0.
double ChiSquareTail(double x, double degrees);

}  // namespace rapport::math

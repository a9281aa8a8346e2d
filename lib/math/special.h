// SPDX-License-Identifier: Apache-2.0
// Special functions in the forms likelihoods need: logarithms that do not overflow and
// differences that do not cancel.
//
// Arguments are positive unless said. Pure, thread-safe (no signgam), accurate to a few
// units in the last place of the stated quantity. Sources: Abramowitz and Stegun ch. 6;
// DiDonato and Morris 1992 (ACM TOMS 708) for the log beta of large arguments.
#pragma once

#include <cmath>
#include <span>

namespace rapport::math {

double LogGamma(double x);
double Digamma(double x);
double Trigamma(double x);
// log B(a, b), without cancellation when one or both arguments are large.
double LogBeta(double a, double b);

// log(e^a + e^b); -inf stands for zero.
double LogAddExp(double a, double b);
// log of the sum of e^v; -inf when empty.
double LogSumExp(std::span<const double> values);
// log(1 + e^x) and 1 / (1 + e^-x) for any x.
inline double Softplus(double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
inline double Logistic(double x) {
  const double e = std::exp(-std::fabs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

// For each offset n_i >= 0: log Gamma(shape + n_i) - log Gamma(shape) and its derivative
// in shape. Likelihoods depend on these through the distinct counts only, so they are
// tabulated once per evaluation.
void TabulateRising(double shape, std::span<const double> offsets, std::span<double> log_rising,
                    std::span<double> derivative);

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/special.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "boost/math/policies/policy.hpp"
#include "boost/math/special_functions/digamma.hpp"
#include "boost/math/special_functions/gamma.hpp"
#include "boost/math/special_functions/trigamma.hpp"

namespace rapport::math {
namespace {

namespace policies = boost::math::policies;
// No exceptions: a bad argument gives NaN or infinity, as in libm.
using Quiet = policies::policy<
    policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
    policies::overflow_error<policies::ignore_error>,
    policies::underflow_error<policies::ignore_error>,
    policies::evaluation_error<policies::ignore_error>, policies::promote_double<false>>;

// log Gamma(z) = (z - 1/2) log z - z + log(2 pi) / 2 + StirlingRest(z), z >= 10
// (Abramowitz and Stegun 6.1.41; the first term left out is below 1e-17 there).
double StirlingRest(double z) {
  const double w = 1 / (z * z);
  return (1.0 / 12 +
          w * (-1.0 / 360 +
               w * (1.0 / 1260 + w * (-1.0 / 1680 + w * (1.0 / 1188 + w * (-691.0 / 360360 +
                                                                           w * (1.0 / 156))))))) /
         z;
}

constexpr double kStirlingFrom = 10;

// log Gamma(z) - log Gamma(z + d) for z >= 10 and d >= 0, without cancellation.
double LogGammaDrop(double z, double d) {
  return -(z - 0.5) * std::log1p(d / z) - d * std::log(z + d) + d + StirlingRest(z) -
         StirlingRest(z + d);
}

}  // namespace

double LogGamma(double x) { return boost::math::lgamma(x, Quiet()); }
double Digamma(double x) { return boost::math::digamma(x, Quiet()); }
double Trigamma(double x) { return boost::math::trigamma(x, Quiet()); }

double LogBeta(double a, double b) {
  const double small = std::min(a, b);
  const double large = std::max(a, b);
  if (large < kStirlingFrom) return LogGamma(a) + LogGamma(b) - LogGamma(a + b);
  if (small < kStirlingFrom) return LogGamma(small) + LogGammaDrop(large, small);
  // Both large: the terms in z log z are combined first.
  const double ratio = small / (small + large);
  constexpr double kHalfLogTwoPi = 0.91893853320467274178;
  return (small - 0.5) * std::log(ratio) - large * std::log1p(small / large) -
         0.5 * std::log(large) + kHalfLogTwoPi + StirlingRest(small) + StirlingRest(large) -
         StirlingRest(small + large);
}

double LogAddExp(double a, double b) {
  const double high = std::max(a, b);
  if (std::isinf(high)) return high;
  return high + std::log1p(std::exp(std::min(a, b) - high));
}

double LogSumExp(std::span<const double> values) {
  double high = -std::numeric_limits<double>::infinity();
  for (double value : values) high = std::max(high, value);
  if (std::isinf(high)) return high;
  double sum = 0;
  for (double value : values) sum += std::exp(value - high);
  return high + std::log(sum);
}

void TabulateRising(double shape, std::span<const double> offsets, std::span<double> log_rising,
                    std::span<double> derivative) {
  const double log_gamma = LogGamma(shape);
  const double psi = Digamma(shape);
  for (size_t i = 0; i < offsets.size(); ++i) {
    const double n = offsets[i];
    const bool zero = n == 0;
    const bool large = shape >= kStirlingFrom;
    log_rising[i] = zero ? 0 : large ? -LogGammaDrop(shape, n) : LogGamma(shape + n) - log_gamma;
    derivative[i] = zero ? 0 : Digamma(shape + n) - psi;
  }
}

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/incomplete_beta.h"

#include <cmath>
#include <limits>

#include "boost/math/policies/policy.hpp"
#include "boost/math/special_functions/beta.hpp"

namespace rapport::math {
namespace {

namespace policies = boost::math::policies;
// No exceptions: a bad argument gives NaN.
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::underflow_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>,
                               policies::promote_double<false>>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
bool IsShare(double p) { return p >= 0 && p <= 1; }

}  // namespace

double BetaP(double a, double b, double x) {
  if (!(a > 0 && b > 0 && IsShare(x))) return kNan;
  return boost::math::ibeta(a, b, x, Quiet());
}

double BetaPInverse(double a, double b, double p) {
  if (!(a > 0 && b > 0 && IsShare(p))) return kNan;
  return boost::math::ibeta_inv(a, b, p, Quiet());
}

double BinomialAtMost(double k, double n, double p) {
  if (!(n >= 0 && IsShare(p)) || std::isnan(k)) return kNan;
  if (k < 0) return 0;
  if (k >= n) return 1;
  return boost::math::ibetac(k + 1, n - k, p, Quiet());
}

double BinomialAtLeast(double k, double n, double p) {
  if (!(n >= 0 && IsShare(p)) || std::isnan(k)) return kNan;
  if (k <= 0) return 1;
  if (k > n) return 0;
  return boost::math::ibeta(k, n - k + 1, p, Quiet());
}

// P(|T| >= t) = I_{v / (v + t^2)}(v / 2, 1 / 2); the complement is taken in t^2 / (v + t^2)
// where that is the smaller, so that neither argument cancels.
double StudentTwoSided(double t, double degrees) {
  if (!(degrees > 0) || std::isnan(t)) return kNan;
  if (std::isinf(t)) return 0;
  const double square = t * t;
  if (square < degrees) {
    return boost::math::ibetac(.5, degrees / 2, square / (degrees + square), Quiet());
  }
  return boost::math::ibeta(degrees / 2, .5, degrees / (degrees + square), Quiet());
}

double StudentTwoSidedT(double confidence, double degrees) {
  if (!(confidence > 0 && confidence < 1 && degrees > 0)) return kNan;
  double rest = 0;  // 1 - x, without cancellation.
  const double x = boost::math::ibeta_inv(.5, degrees / 2, confidence, &rest, Quiet());
  return std::sqrt(degrees * x / rest);
}

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/incomplete_gamma.h"

#include <limits>

#include "boost/math/policies/policy.hpp"
#include "boost/math/special_functions/gamma.hpp"

namespace rapport::math {
namespace {

namespace policies = boost::math::policies;
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>,
                               policies::promote_double<false>>;

}  // namespace

double GammaP(double shape, double x) { return boost::math::gamma_p(shape, x, Quiet()); }
double GammaQ(double shape, double x) { return boost::math::gamma_q(shape, x, Quiet()); }

double GammaPInverse(double shape, double p) {
  if (p <= 0) return 0;
  if (p >= 1) return std::numeric_limits<double>::infinity();
  return boost::math::gamma_p_inv(shape, p, Quiet());
}

double GammaQInverse(double shape, double q) {
  if (q <= 0) return std::numeric_limits<double>::infinity();
  if (q >= 1) return 0;
  return boost::math::gamma_q_inv(shape, q, Quiet());
}

}  // namespace rapport::math

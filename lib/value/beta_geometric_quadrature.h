// SPDX-License-Identifier: Apache-2.0
// Expectations over a buyer's chance to leave and rate of buying: trapezoidal sums on an
// axis on which the integrand is analytic and dies out, so that they converge
// exponentially (Trefethen and Weideman 2014, SIAM Review 56(3)).
//
// Unlike math::BetaRule, ExpectBeta looks at the integrand itself to know where to stop,
// so it may fall arbitrarily fast. Pure; thread-safe.
#pragma once

#include "absl/functional/function_ref.h"
#include "lib/math/quadrature.h"

namespace rapport::value {

// E[f(p)], p ~ Beta(a, b), of a positive f that decreases on [0, 1] and levels off below
// p = `knee`.
double ExpectBeta(double a, double b, double knee, absl::FunctionRef<double(double p)> f);

// math::BetaRule with weights that sum to 1, for many integrands of its family.
math::Rule LeaveRule(double a, double b, double knee);

// Where Gamma(shape, 1) has nothing left (below e^-50).
double LargestGamma(double shape);
// E[f(y)], y ~ Gamma(shape, 1), of a positive increasing f with f(y) / y falling or f
// bounded; `step` is the largest step in log y.
double ExpectGamma(double shape, double most, double step, absl::FunctionRef<double(double y)> f);

}  // namespace rapport::value

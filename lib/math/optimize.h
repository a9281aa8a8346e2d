// SPDX-License-Identifier: Apache-2.0
// Minimises a smooth function of a few unbounded parameters, the way maximum
// likelihood needs it: BFGS with the analytic gradient until the slope is small, then
// Newton steps in a trust region (More and Sorensen 1983) on a Hessian differenced from
// gradients, which is also the information matrix that standard errors come from. Flat
// ridges and indefinite Hessians are walked along until they end or reach the bound.
//
// The objective should be a mean (per observation), so that one gradient tolerance
// fits every sample size. Positive parameters are passed as logarithms. A coordinate
// that leaves [-bound, bound] has nothing in the data to hold it: it is stopped there
// and reported in `at_bound`, and the caller calls it "not identified".
//
// Deterministic: same objective, same bits. No allocation inside the loop matters: the
// cost is the objective's. Thread-safe if the objective is.
#pragma once

#include <span>
#include <vector>

#include "absl/functional/function_ref.h"

namespace rapport::math {

// Returns f(x) and writes its gradient (same length as x). May return +inf or NaN for a
// point it cannot evaluate; the line search then steps back.
using Objective = absl::FunctionRef<double(std::span<const double> x, std::span<double> gradient)>;

struct MinimizeOptions {
  double bound = 15;                 // |x_i| never leaves this (e^15 = 3.3e6).
  double bfgs_tolerance = 1e-5;      // Largest |gradient| at which Newton takes over.
  double gradient_tolerance = 1e-9;  // Largest |gradient| that counts as converged.
  int max_iterations = 200;          // BFGS steps.
  int max_newton_steps = 60;         // Steps in the trust region.
  double hessian_step = 1e-4;        // Central difference of gradients.
  // Row-major n x n Hessian near the minimum (of a sample, or of last night): spares the
  // steps that would learn it. Ignored unless positive definite.
  std::span<const double> hessian_guess = {};
  // The Hessian at the minimum costs 2 n evaluations. Without it, BFGS steps go on to the
  // end, and the result has no Hessian unless they did not suffice.
  bool want_hessian = true;
};

struct Minimum {
  std::vector<double> x;
  double value = 0;
  std::vector<double> gradient;
  double gradient_norm = 0;  // Largest absolute component, free coordinates only.
  // gradient_norm <= gradient_tolerance; or rounding hides what is left: no step lowers
  // the slope, and the Hessian promises less than 1e-14 of the value.
  bool converged = false;
  std::vector<bool> at_bound;   // Per coordinate: stopped at +-bound.
  int iterations = 0;           // BFGS plus Newton steps.
  int evaluations = 0;          // Calls of the objective.
  std::vector<double> hessian;  // Row-major n x n at x, of the objective as given.
  // Inverse of the Hessian, row-major; empty when the Hessian is not positive definite.
  std::vector<double> inverse_hessian;
};

Minimum Minimize(Objective objective, std::span<const double> start,
                 const MinimizeOptions& options = {});

// Inverse of a symmetric positive definite row-major n x n matrix by Cholesky; empty
// when it is not positive definite.
std::vector<double> InvertPositiveDefinite(std::span<const double> matrix, size_t n);

}  // namespace rapport::math

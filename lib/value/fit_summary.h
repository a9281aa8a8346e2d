// SPDX-License-Identifier: Apache-2.0
// What every fitted model reports about its fit, in the same words.
//
// A fit that did not converge, or whose parameters the data do not hold in place, is
// still described here, but usable() is false: the caller keeps the last good one.
// Plain values; thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "lib/math/optimize.h"

namespace rapport::value {

struct ParameterEstimate {
  std::string name;
  double value = 0;
  double standard_error = 0;  // From the Hessian; 0 when there is none.
  // False when the estimate ran to a bound, the Hessian is singular, or the standard
  // error of its logarithm exceeds 3 (a factor of 20 either way).
  bool identified = false;
};

struct FitSummary {
  std::vector<ParameterEstimate> parameters;
  double log_likelihood = 0;
  double aic = 0;
  double bic = 0;
  double observations = 0;   // Sum of weights.
  size_t distinct_rows = 0;  // What an evaluation of the likelihood costs.
  bool converged = false;
  double gradient_norm = 0;  // Largest |d mean log-likelihood / d log parameter|.
  int iterations = 0;
  int evaluations = 0;

  bool identified() const;
  bool usable() const { return converged && identified(); }
  // "converged in 21 steps" or why not, for people.
  std::string Explanation() const;
};

// Describes a minimum of the mean negative log-likelihood over log parameters, each
// parameter being scale_i exp(x_i). Standard errors by the delta method.
FitSummary DescribeFit(const math::Minimum& minimum, std::span<const char* const> names,
                       std::span<const double> scales, double observations);

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/fit_summary.h"

#include <cmath>

#include "lib/base/text.h"

namespace rapport::value {
namespace {

constexpr double kLooseLogError = 3;  // Standard error of a logarithm: a factor of 20.

}  // namespace

bool FitSummary::identified() const {
  for (const ParameterEstimate& parameter : parameters) {
    if (!parameter.identified) return false;
  }
  return true;
}

std::string FitSummary::Explanation() const {
  if (!converged) {
    return Cat("did not converge in ", iterations, " steps: gradient ", gradient_norm);
  }
  std::string loose;
  for (const ParameterEstimate& parameter : parameters) {
    if (!parameter.identified) loose += Cat(loose.empty() ? "" : ", ", parameter.name);
  }
  if (!loose.empty()) return Cat("not identified by the data: ", loose);
  return Cat("converged in ", iterations, " steps");
}

FitSummary DescribeFit(const math::Minimum& minimum, std::span<const char* const> names,
                       std::span<const double> scales, double observations) {
  FitSummary summary;
  const size_t n = names.size();
  for (size_t i = 0; i < n; ++i) {
    ParameterEstimate parameter;
    parameter.name = names[i];
    parameter.value = scales[i] * std::exp(minimum.x[i]);
    if (!minimum.inverse_hessian.empty() && !minimum.at_bound[i]) {
      const double log_error = std::sqrt(minimum.inverse_hessian[i * n + i] / observations);
      parameter.standard_error = parameter.value * log_error;
      parameter.identified = log_error <= kLooseLogError;
    }
    summary.parameters.push_back(parameter);
  }
  const auto k = static_cast<double>(n);
  summary.observations = observations;
  summary.log_likelihood = -minimum.value * observations;
  summary.aic = 2 * k - 2 * summary.log_likelihood;
  summary.bic = k * std::log(observations) - 2 * summary.log_likelihood;
  summary.converged = minimum.converged;
  summary.gradient_norm = minimum.gradient_norm;
  summary.iterations = minimum.iterations;
  summary.evaluations = minimum.evaluations;
  return summary;
}

}  // namespace rapport::value

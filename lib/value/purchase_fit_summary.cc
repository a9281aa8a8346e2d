// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_fit_summary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/text.h"
#include "lib/math/incomplete_gamma.h"

namespace rapport::value {
namespace {

using Matrix = std::vector<double>;

constexpr double kLooseLogError = 3;  // As in fit_summary.cc: a factor of 20.

// a n x m times b m x l.
Matrix Product(const Matrix& a, const Matrix& b, size_t n, size_t m, size_t l) {
  Matrix result(n * l, 0.0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < m; ++k) {
      for (size_t j = 0; j < l; ++j) result[i * l + j] += a[i * m + k] * b[k * l + j];
    }
  }
  return result;
}

Matrix Transposed(const Matrix& a, size_t n, size_t m) {
  Matrix result(m * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < m; ++j) result[j * n + i] = a[i * m + j];
  }
  return result;
}

// Standard deviations of the coordinates. A Hessian that is singular to rounding is lifted
// a little: directions that it leaves open then get huge deviations, the others keep theirs.
std::vector<double> Deviations(const math::Minimum& minimum, double customers) {
  const size_t n = minimum.x.size();
  // No Hessian: the likelihood could not be evaluated anywhere.
  if (minimum.hessian.empty()) return std::vector<double>(n, HUGE_VAL);
  Matrix inverse = minimum.inverse_hessian;
  for (double lift = 1e-10; inverse.empty() && lift < 1e-8; lift *= 3) {
    Matrix lifted = minimum.hessian;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        if (minimum.at_bound[i] || minimum.at_bound[j]) lifted[i * n + j] = i == j ? 1 : 0;
      }
      lifted[i * n + i] += lift;
    }
    inverse = math::InvertPositiveDefinite(lifted, n);
  }
  std::vector<double> result(n, HUGE_VAL);
  for (size_t i = 0; i < n && !inverse.empty(); ++i) {
    if (!minimum.at_bound[i]) result[i] = std::sqrt(inverse[i * n + i] / customers);
  }
  return result;
}

void AddCriteria(double parameters, FitSummary& summary) {
  summary.aic = 2 * parameters - 2 * summary.log_likelihood;
  summary.bic = parameters * std::log(summary.observations) - 2 * summary.log_likelihood;
}

// The covariance of (log base, effects) from that of the coordinates.
Matrix Covariance(const math::Minimum& minimum, const FitCoordinates& coordinates,
                  size_t covariates, double customers) {
  if (minimum.inverse_hessian.empty()) return {};
  const size_t n = coordinates.size();
  Matrix inner = minimum.inverse_hessian;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      const bool open = minimum.at_bound[i] || minimum.at_bound[j];
      inner[i * n + j] = open ? 0 : inner[i * n + j] / customers;
    }
  }
  const Matrix jacobian = coordinates.Jacobian(covariates);
  const size_t m = jacobian.size() / n;
  return Product(Product(jacobian, inner, m, n, n), Transposed(jacobian, m, n), m, n, m);
}

}  // namespace

void DescribePurchaseFit(const math::Minimum& minimum, const FitCoordinates& coordinates,
                         const FitNames& names, bool want_errors, PurchaseFit& fit) {
  FitSummary& summary = fit.summary;
  const size_t n = coordinates.size(), base = coordinates.base_size();
  const size_t covariates = names.covariates.size();
  const auto& kept = coordinates.scaling().kept;
  const double customers = coordinates.customers();
  const std::vector<double> deviations =
      want_errors ? Deviations(minimum, customers) : std::vector<double>(n, 0.0);
  fit.covariance = want_errors ? Covariance(minimum, coordinates, covariates, customers) : Matrix();
  const size_t width = base + coordinates.slots().size() * covariates;
  for (size_t i = 0; i < n; ++i) {
    ParameterEstimate parameter;
    const size_t slot = i < base ? 0 : (i - base) / kept.size();
    const size_t covariate = i < base ? 0 : kept[(i - base) % kept.size()];
    const size_t row = i < base ? i : base + slot * covariates + covariate;
    parameter.identified = !minimum.at_bound[i] && deviations[i] <= kLooseLogError;
    double unit = 1;  // Errors of logarithms become errors of values.
    if (i < base) {
      parameter.name = names.parameters[i];
      parameter.value = unit = fit.parameters.values[i];
    } else {
      parameter.name = Cat(names.parameters[coordinates.slots()[slot].parameter], ":",
                           names.covariates[covariate]);
      parameter.value = fit.parameters.effects[slot][covariate];
    }
    if (!fit.covariance.empty() && !minimum.at_bound[i]) {
      parameter.standard_error = unit * std::sqrt(fit.covariance[row * width + row]);
    }
    summary.parameters.push_back(std::move(parameter));
  }
  summary.observations = customers;
  summary.log_likelihood = -minimum.value * customers;
  AddCriteria(static_cast<double>(n), summary);
  summary.converged = minimum.converged;
  summary.gradient_norm = minimum.gradient_norm;
  summary.iterations = minimum.iterations;
}

std::vector<double> HessianOf(std::span<const double> covariance, const FitCoordinates& coordinates,
                              size_t covariates, double customers) {
  // Without covariates coordinates are logarithms, shifted: the same covariance.
  const size_t n = coordinates.size();
  if (covariates > 0 || covariance.size() != n * n) return {};
  Matrix hessian = math::InvertPositiveDefinite(covariance, n);
  for (double& entry : hessian) entry /= customers;
  return hessian;
}

CovariateTest TestCovariates(const FitSummary& summary, size_t base,
                             double log_likelihood_without) {
  CovariateTest test;
  test.log_likelihood_without = log_likelihood_without;
  test.statistic = std::max(0.0, 2 * (summary.log_likelihood - log_likelihood_without));
  test.degrees = static_cast<int>(summary.parameters.size() - base);
  test.p_value = math::GammaQ(0.5 * test.degrees, 0.5 * test.statistic);
  for (size_t i = base; i < summary.parameters.size(); ++i) {
    const ParameterEstimate& parameter = summary.parameters[i];
    EffectTest effect{parameter.name, parameter.value, parameter.standard_error};
    if (effect.standard_error > 0) {
      effect.z = effect.effect / effect.standard_error;
      effect.p_value = std::erfc(std::fabs(effect.z) / std::numbers::sqrt2);
    }
    test.effects.push_back(std::move(effect));
  }
  return test;
}

}  // namespace rapport::value

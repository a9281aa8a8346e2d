// SPDX-License-Identifier: Apache-2.0
// From the minimum of a PurchaseObjective to what people and the delta method read.
//
// Pure; matrices are row-major.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/value/purchase_fit.h"
#include "lib/value/purchase_fit_objective.h"

namespace rapport::value {

struct FitNames {
  std::span<const char* const> parameters;
  std::span<const std::string> covariates;
};

// Fills fit.summary (but evaluations and distinct_rows) and fit.covariance;
// fit.parameters are there.
void DescribePurchaseFit(const math::Minimum& minimum, const FitCoordinates& coordinates,
                         const FitNames& names, bool want_errors, PurchaseFit& fit);

// The Hessian of the mean objective that a covariance stands for; empty when it does not
// fit or is singular.
std::vector<double> HessianOf(std::span<const double> covariance, const FitCoordinates& coordinates,
                              size_t covariates, double customers);

// `summary` has `base` parameters, then effects.
CovariateTest TestCovariates(const FitSummary& summary, size_t base, double log_likelihood_without);

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/spend_fit.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/value/purchase_table.h"
#include "lib/value/spend_table.h"

namespace rapport::value {
namespace {

// Repeaters with a positive value: what Gamma-Gamma can be fitted on.
struct Spenders {
  std::vector<PurchaseHistory> rows;
  std::vector<double> weights;
};

Spenders SpendersOf(std::span<const PurchaseHistory> rows, std::span<const double> weights) {
  Spenders result;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].frequency == 0 || rows[i].repeat_value_micros <= 0) continue;
    result.rows.push_back(rows[i]);
    if (!weights.empty()) result.weights.push_back(weights[i]);
  }
  return result;
}

SpendReason ReasonAgainst(const SpendFit& fit) {
  if (!fit.gamma_gamma.has_value()) return SpendReason::kNotEnoughData;
  if (fit.independence.doubtful) return SpendReason::kFrequencyCorrelated;
  if (!fit.gamma_gamma->summary.converged) return SpendReason::kNotConverged;
  if (!fit.gamma_gamma->summary.identified()) return SpendReason::kNotIdentified;
  return SpendReason::kNone;
}

}  // namespace

absl::StatusOr<SpendFit> FitSpend(std::span<const PurchaseHistory> rows,
                                  const SpendFitOptions& options) {
  RETURN_IF_ERROR(ValidateWeights(options.weights, rows.size()));
  const Spenders spenders = SpendersOf(rows, options.weights);
  const SpendTable table = FoldSpend(rows, options.weights);
  SpendFit fit;
  fit.model.plain_mean = table.mean;
  fit.without_positive_value = table.without_positive_value;
  fit.repeaters = table.weight + table.without_positive_value;
  fit.independence = CheckIndependence(spenders.rows, spenders.weights);
  if (table.weight >= options.min_repeaters) {
    GammaGammaFitOptions gamma_options;
    gamma_options.weights = spenders.weights;
    gamma_options.finite_mean = options.require_mean;
    // Rows were checked and filtered: the one error left is too few distinct rows.
    auto gamma = FitGammaGamma(spenders.rows, gamma_options);
    if (gamma.ok()) fit.gamma_gamma = *std::move(gamma);
  }
  fit.model.reason = ReasonAgainst(fit);
  if (fit.model.reason == SpendReason::kNone) fit.model.gamma_gamma = fit.gamma_gamma->model;
  return fit;
}

}  // namespace rapport::value

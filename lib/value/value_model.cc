// SPDX-License-Identifier: Apache-2.0
#include "lib/value/value_model.h"

#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
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

SpendReason ReasonAgainst(const ValueFit& fit) {
  if (!fit.spend.has_value()) return SpendReason::kNotEnoughData;
  if (fit.independence.doubtful) return SpendReason::kFrequencyCorrelated;
  if (!fit.spend->summary.converged) return SpendReason::kNotConverged;
  if (!fit.spend->summary.identified()) return SpendReason::kNotIdentified;
  return SpendReason::kNone;
}

void FitSpend(std::span<const PurchaseHistory> rows, const ValueFitOptions& options,
              ValueFit& fit) {
  const Spenders spenders = SpendersOf(rows, options.weights);
  const SpendTable table = FoldSpend(rows, options.weights);
  fit.plain_mean = table.mean;
  fit.without_positive_value = table.without_positive_value;
  fit.repeaters = table.weight + table.without_positive_value;
  fit.independence = CheckIndependence(spenders.rows, spenders.weights);
  GammaGammaFitOptions spend_options{.weights = spenders.weights};
  if (options.warm_start.has_value()) spend_options.warm_start = options.warm_start->spend;
  if (table.weight >= options.min_repeaters) {
    // Rows were checked and filtered: the one error left is too few distinct rows.
    auto spend = FitGammaGamma(spenders.rows, spend_options);
    if (spend.ok()) fit.spend = *std::move(spend);
  }
  fit.spend_reason = ReasonAgainst(fit);
}

double RepeatersOf(std::span<const PurchaseHistory> rows, std::span<const double> weights) {
  double repeaters = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].frequency > 0) repeaters += weights.size() == rows.size() ? weights[i] : 1.0;
  }
  return repeaters;
}

}  // namespace

ValueParameters ValueFit::parameters() const {
  ValueParameters result;
  result.purchases = purchases.model.parameters();
  if (spend_reason == SpendReason::kNone) result.spend = spend->model.parameters();
  result.plain_mean = plain_mean;
  result.spend_reason = spend_reason;
  return result;
}

absl::StatusOr<ValueFit> FitValueModel(std::span<const PurchaseHistory> rows,
                                       const ValueFitOptions& options) {
  const double repeaters = RepeatersOf(rows, options.weights);
  if (repeaters < options.min_repeaters) {
    return FailedPrecondition("NOT_ENOUGH_DATA",
                              Cat("a value model needs ", options.min_repeaters,
                                  " customers with a repeat purchase, there are ", repeaters));
  }
  BgNbdFitOptions purchase_options{.time_unit_days = options.time_unit_days,
                                   .weights = options.weights};
  if (options.warm_start.has_value()) purchase_options.warm_start = options.warm_start->purchases;
  ASSIGN_OR_RETURN(BgNbdFit purchases, FitBgNbd(rows, purchase_options));
  ValueFit fit{.purchases = std::move(purchases)};
  fit.customers = fit.purchases.summary.observations;
  FitSpend(rows, options, fit);
  return fit;
}

absl::StatusOr<ClvScorer> MakeScorer(const ValueParameters& parameters, const ClvOptions& options) {
  RETURN_IF_ERROR(ValidateClvOptions(options));
  ASSIGN_OR_RETURN(const BgNbd purchases, BgNbd::Create(parameters.purchases));
  SpendModel spend{.plain_mean = parameters.plain_mean, .reason = parameters.spend_reason};
  if (parameters.spend.has_value()) {
    ASSIGN_OR_RETURN(const GammaGamma gamma_gamma, GammaGamma::Create(*parameters.spend));
    spend.gamma_gamma = gamma_gamma;
  }
  return ClvScorer(purchases, spend, options);
}

}  // namespace rapport::value

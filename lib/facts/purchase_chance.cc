// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/purchase_chance.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/value/purchase_forecast.h"

namespace rapport::facts {

absl::StatusOr<const value::PurchaseModel*> PurchaseChance::ModelFor(
    std::span<const double> covariates) {
  if (last_ != nullptr && std::ranges::equal(covariates, last_covariates_)) return last_;
  std::vector<double> key(covariates.begin(), covariates.end());
  auto found = models_.find(key);
  if (found == models_.end()) {
    ASSIGN_OR_RETURN(const value::ModelParameters applied,
                     value::ApplyCovariates(parameters_, covariates));
    ASSIGN_OR_RETURN(auto model, value::MakePurchaseModel(applied));
    if (models_.size() >= kMostPatterns) models_.clear();
    found = models_.emplace(key, std::move(model)).first;
  }
  last_ = found->second.get();
  last_covariates_ = std::move(key);
  return last_;
}

absl::StatusOr<double> PurchaseChance::Of(const value::PurchaseHistory& history,
                                          std::span<const double> covariates) {
  ASSIGN_OR_RETURN(const value::PurchaseModel* const model, ModelFor(covariates));
  ASSIGN_OR_RETURN(const auto forecast, value::PurchaseForecast::Create(*model, history));
  return forecast.ProbabilityOfPurchase(horizon_days_);
}

}  // namespace rapport::facts

// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/churn_forecast.h"

#include <algorithm>

namespace rapport::predict {
namespace {

ChurnForecast ForecastFrom(const math::Interval& interval, ChurnBasis basis, int horizon_days) {
  const double probability = std::clamp(interval.estimate, 0.0, 1.0);
  return {probability, horizon_days, basis,
          math::Interval{probability, std::clamp(interval.low, 0.0, probability),
                         std::clamp(interval.high, probability, 1.0)}};
}

}  // namespace

std::optional<ChurnForecast> ForecastChurn(const ChurnCandidates& candidates, int horizon_days) {
  if (candidates.subscription_runs && candidates.subscription_model) {
    return ForecastFrom(*candidates.subscription_model, ChurnBasis::kSubscriptionModel,
                        horizon_days);
  }
  const bool purchases_say = candidates.purchase_model && !candidates.alive_by_construction;
  if (candidates.classifier && (candidates.classifier_beats_purchase_model || !purchases_say)) {
    return ForecastFrom(*candidates.classifier, ChurnBasis::kClassifier, horizon_days);
  }
  if (candidates.purchase_model) {
    return ForecastFrom(*candidates.purchase_model, ChurnBasis::kPurchaseModel, horizon_days);
  }
  return std::nullopt;
}

}  // namespace rapport::predict

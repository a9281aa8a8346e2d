// SPDX-License-Identifier: Apache-2.0
// One answer to "will this customer leave", from whichever model knows best.
//
// The rule, in order:
//   1. The customer pays for a running subscription and there is a subscription model:
//      leaving is its end, and the survival model foretells that.
//   2. A classifier is in use, and on the validation rows its log loss was below that of
//      the purchase model (or there is no purchase model for this customer).
//   3. The purchase model: the chance of no purchase in the horizon. Not when the model
//      calls the customer alive by construction (BG/NBD before the first repeat purchase):
//      then a classifier in use answers, even one that did not beat the model.
// No forecast when none of them has one. A customer whose subscription has ended goes by 2
// and 3. Plain values; thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/math/stats.h"

namespace rapport::predict {

// Numbers are stored.
enum class ChurnBasis : uint8_t { kPurchaseModel = 1, kSubscriptionModel = 2, kClassifier = 3 };

struct ChurnForecast {
  double probability = 0;  // Of no activity in, or an end within, the horizon.
  int horizon_days = 0;
  ChurnBasis basis = ChurnBasis::kPurchaseModel;
  math::Interval interval;  // 95 %; estimate = probability.
};

// What each model says about one customer and one horizon.
struct ChurnCandidates {
  std::optional<math::Interval> purchase_model;  // P(no purchase in the horizon).
  bool alive_by_construction = false;
  bool subscription_runs = false;
  std::optional<math::Interval> subscription_model;  // P(ends within the horizon).
  std::optional<math::Interval> classifier;
  bool classifier_beats_purchase_model = false;  // BeatsBaseline of lib/predict/classifier.h.
};

std::optional<ChurnForecast> ForecastChurn(const ChurnCandidates& candidates, int horizon_days);

}  // namespace rapport::predict

// SPDX-License-Identifier: Apache-2.0
// Value of purchase histories that need not belong to a stored customer, with the
// workspace's models or with purchase parameters given by the caller (spend stays the
// workspace's: with given parameters and no stored model, a history's own mean counts).
//
// Answers are those of facts::Scorer for a customer with that history, plus the chances of
// each number of purchases and P(alive) at the end of the horizon. Decile and value to
// date are left out: they belong to stored customers.
//
// Not thread-safe: one per request. Some ms for the first history of an x, then tens of us;
// a first x beyond 10,000 takes a second or more.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/facts/facts.h"
#include "lib/facts/model_parameters.h"
#include "lib/value/purchase_model.h"
#include "rapport/v1/value_service.pb.h"

namespace rapport::facts {

// A history of the API. InvalidArgument with the field below `prefix`: errors of
// value::ValidateHistory; NEGATIVE or TOO_LARGE "repeat_purchases"; NEGATIVE, TOO_LARGE or
// MEAN_WITHOUT_REPEAT "mean_value"; OTHER_CURRENCY "mean_value.currency".
absl::StatusOr<value::PurchaseHistory> HistoryOf(const Settings& settings,
                                                 const v1::PurchaseInput& input,
                                                 std::string_view prefix);

// What may come of a customer over a horizon.
struct FutureChances {
  std::vector<double> purchase_counts;  // Of 0, 1, ... purchases.
  double p_alive = 0;                   // At the horizon's end.
};
inline constexpr int32_t kMaxPurchaseCounts = 100;
// By the customer's own model. FailedPrecondition NO_VALUE_MODEL or NO_PURCHASE.
absl::StatusOr<FutureChances> ChancesOf(const WorkspaceModel& model, const Projection& projection,
                                        int32_t horizon_days, int32_t max_purchases);

class ValuePredictor {
 public:
  // `model` may be null. OUT_OF_RANGE "horizon_days" or "max_purchases"; errors of
  // ParametersOf; FailedPrecondition NO_VALUE_MODEL without stored or given parameters.
  // Histories are not looked at.
  static absl::StatusOr<ValuePredictor> Create(const Settings& settings,
                                               const WorkspaceModel* model,
                                               const v1::PredictValueRequest& request);

  // Fields of errors stand below `prefix`, e.g. "histories[3]."; also UNKNOWN_ATTRIBUTE
  // "attributes[key]" for one that the models do not look at.
  absl::StatusOr<v1::ValuePrediction> Predict(const v1::PurchaseInput& input,
                                              std::string_view prefix);

 private:
  ValuePredictor(const Settings& settings, const WorkspaceModel& model, StoredModels models);
  absl::StatusOr<const value::PurchaseModel*> ModelFor(const ModelUse& use);
  absl::StatusOr<Attributes> AttributesOf(const v1::PurchaseInput& input) const;

  Settings settings_;  // With the request's horizon.
  StoredModels models_;
  std::unique_ptr<Scorer> scorer_;
  std::vector<std::string> keys_;  // Attributes that the models look at.
  std::map<std::pair<std::string, std::vector<double>>, std::unique_ptr<value::PurchaseModel>>
      models_of_;
  uint32_t max_purchases_ = 0;
  bool spend_known_ = true;
  bool given_ = false;  // Parameters came with the request.
};

}  // namespace rapport::facts

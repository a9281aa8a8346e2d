// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/predict_value.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/value/purchase_forecast.h"

namespace rapport::facts {
namespace {

constexpr int64_t kMostRepeats = 1'000'000;

absl::Status RequireRange(const char* field, int32_t number, int32_t high) {
  if (number >= 0 && number <= high) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", Cat("must be from 0 to ", high));
}

// The workspace's model with other purchase parameters, which hold for every channel.
absl::Status Replace(const v1::PurchaseModelInput& input, WorkspaceModel& model) {
  ASSIGN_OR_RETURN(const value::ModelParameters parameters, ParametersOf(input));
  const value::ModelTraits& traits = value::TraitsOf(parameters.kind);
  v1::ValueModel& stored = *model.mutable_value_model();
  stored.set_purchase_model(std::string(traits.name));
  stored.set_regularity(static_cast<int32_t>(parameters.regularity));
  stored.set_time_unit_days(parameters.time_unit_days);
  stored.clear_purchase_parameters();
  stored.clear_purchase_covariance();
  stored.clear_effects();
  stored.clear_covariates();
  stored.clear_segments();
  stored.clear_grouped_by();
  for (size_t i = 0; i < parameters.values.size(); ++i) {
    v1::Parameter& parameter = *stored.add_purchase_parameters();
    parameter.set_name(traits.parameters[i]);
    parameter.set_value(parameters.values[i]);
  }
  return absl::OkStatus();
}

// The sum over the repeat purchases.
absl::StatusOr<Micros> RepeatValueOf(const Settings& settings, const v1::PurchaseInput& input) {
  const v1::Money& mean = input.mean_value();
  const std::string base = UnpackCurrency(settings.base_currency);
  if (!mean.currency().empty() && mean.currency() != base) {
    return InvalidField("mean_value.currency", "OTHER_CURRENCY",
                        Cat("must be the base currency ", base));
  }
  if (mean.micros() < 0) return InvalidField("mean_value", "NEGATIVE", "must be >= 0");
  if (mean.micros() > 0 && input.repeat_purchases() == 0) {
    return InvalidField("mean_value", "MEAN_WITHOUT_REPEAT",
                        "is the mean of repeat purchases: must be 0 without any");
  }
  const __int128 sum = static_cast<__int128>(mean.micros()) * input.repeat_purchases();
  if (sum > std::numeric_limits<Micros>::max()) {
    return InvalidField("mean_value", "TOO_LARGE", "is more money than there is");
  }
  return static_cast<Micros>(sum);
}

absl::StatusOr<value::PurchaseHistory> ReadHistory(const Settings& settings,
                                                   const v1::PurchaseInput& input) {
  if (input.repeat_purchases() < 0) {
    return InvalidField("repeat_purchases", "NEGATIVE", "must be >= 0");
  }
  if (input.repeat_purchases() > kMostRepeats) {
    return InvalidField("repeat_purchases", "TOO_LARGE", "must be at most 1,000,000");
  }
  value::PurchaseHistory history;
  history.frequency = static_cast<uint32_t>(input.repeat_purchases());
  history.recency_days = input.recency_days();
  history.age_days = input.age_days();
  history.sum_log_gap_days = input.sum_log_gap_days();
  RETURN_IF_ERROR(value::ValidateHistory(history));
  ASSIGN_OR_RETURN(history.repeat_value_micros, RepeatValueOf(settings, input));
  return history;
}

}  // namespace

absl::StatusOr<value::PurchaseHistory> HistoryOf(const Settings& settings,
                                                 const v1::PurchaseInput& input,
                                                 std::string_view prefix) {
  auto history = ReadHistory(settings, input);
  if (!history.ok()) return PrefixField(history.status(), prefix);
  return history;
}

absl::StatusOr<FutureChances> ChancesOf(const WorkspaceModel& model, const Projection& projection,
                                        int32_t horizon_days, int32_t max_purchases) {
  if (!projection.has_orders) {
    return FailedPrecondition("NO_PURCHASE", "the customer has no purchase to predict from");
  }
  const std::optional<StoredModels> models = ModelsOf(model);
  if (!models) return FailedPrecondition("NO_VALUE_MODEL", "no value model is fitted yet");
  const ModelUse use = models->UseOf(projection.facts.acquisition_channel(), projection.attributes);
  ASSIGN_OR_RETURN(const value::ModelParameters parameters, models->PurchasesOf(use));
  ASSIGN_OR_RETURN(const auto purchases, value::MakePurchaseModel(parameters));
  ASSIGN_OR_RETURN(const auto forecast,
                   value::PurchaseForecast::Create(*purchases, projection.purchases));
  return FutureChances{forecast.PurchaseCounts(horizon_days, static_cast<uint32_t>(max_purchases)),
                       forecast.PAliveAhead(horizon_days)};
}

ValuePredictor::ValuePredictor(const Settings& settings, const WorkspaceModel& model,
                               StoredModels models)
    : settings_(settings),
      models_(std::move(models)),
      scorer_(std::make_unique<Scorer>(settings, model)) {}

absl::StatusOr<ValuePredictor> ValuePredictor::Create(const Settings& settings,
                                                      const WorkspaceModel* model,
                                                      const v1::PredictValueRequest& request) {
  RETURN_IF_ERROR(RequireRange("horizon_days", request.horizon_days(), kMaxHorizonDays));
  RETURN_IF_ERROR(RequireRange("max_purchases", request.max_purchases(), kMaxPurchaseCounts));
  WorkspaceModel used;
  if (model != nullptr) used = *model;
  // Classifiers and subscriptions need more than a history.
  used.clear_classifiers();
  used.mutable_value_model()->clear_retention();
  if (request.has_model()) RETURN_IF_ERROR(Replace(request.model(), used));
  std::optional<StoredModels> models = ModelsOf(used);
  if (!models) {
    return FailedPrecondition("NO_VALUE_MODEL",
                              "no value model is fitted yet: give the parameters in model");
  }
  Settings over = settings;
  if (request.horizon_days() > 0) over.value_horizon_days = request.horizon_days();
  ValuePredictor predictor(over, used, *std::move(models));
  predictor.max_purchases_ = static_cast<uint32_t>(request.max_purchases());
  predictor.given_ = request.has_model();
  if (!predictor.given_) predictor.keys_ = AttributeKeys({}, &used);
  const value::SpendModel& spend = predictor.models_.all.spend;
  predictor.spend_known_ = spend.gamma_gamma.has_value() || spend.plain_mean > 0;
  return predictor;
}

absl::StatusOr<const value::PurchaseModel*> ValuePredictor::ModelFor(const ModelUse& use) {
  std::unique_ptr<value::PurchaseModel>& model = models_of_[{use.segment, use.covariates}];
  if (model != nullptr) return model.get();
  ASSIGN_OR_RETURN(const value::ModelParameters parameters, models_.PurchasesOf(use));
  ASSIGN_OR_RETURN(model, value::MakePurchaseModel(parameters));
  return model.get();
}

absl::StatusOr<Attributes> ValuePredictor::AttributesOf(const v1::PurchaseInput& input) const {
  Attributes attributes;
  for (const auto& [key, value] : input.attributes()) {
    if (!given_ && !std::binary_search(keys_.begin(), keys_.end(), key)) {
      return InvalidField(Cat("attributes[", key, "]"), "UNKNOWN_ATTRIBUTE",
                          "is not looked at by the workspace's model");
    }
    attributes.emplace(key, AttributeOf(value));
  }
  return attributes;
}

absl::StatusOr<v1::ValuePrediction> ValuePredictor::Predict(const v1::PurchaseInput& input,
                                                            std::string_view prefix) {
  Projection projection;
  projection.has_orders = true;
  projection.facts.set_acquisition_channel(input.channel());
  ASSIGN_OR_RETURN(projection.purchases, HistoryOf(settings_, input, prefix));
  auto attributes = AttributesOf(input);
  if (!attributes.ok()) return PrefixField(attributes.status(), prefix);
  projection.attributes = *std::move(attributes);
  const ModelUse use = models_.UseOf(input.channel(), projection.attributes);
  scorer_->Score(projection);
  v1::ValuePrediction prediction;
  v1::CustomerValue& value = *prediction.mutable_value();
  value = std::move(*projection.facts.mutable_value());
  value.clear_historic();
  value.clear_decile();
  if (given_) value.add_notes("The given parameters count as known: no range is from their error.");
  if (!spend_known_ && projection.purchases.repeat_value_micros == 0) {
    value.add_notes("No spend model is fitted: purchases are predicted, their value is not.");
  }
  ASSIGN_OR_RETURN(const value::PurchaseModel* model, ModelFor(use));
  ASSIGN_OR_RETURN(const auto forecast,
                   value::PurchaseForecast::Create(*model, projection.purchases));
  const double horizon = settings_.value_horizon_days;
  for (const double chance : forecast.PurchaseCounts(horizon, max_purchases_)) {
    prediction.add_purchase_counts(chance);
  }
  prediction.set_p_alive_at_horizon(forecast.PAliveAhead(horizon));
  return prediction;
}

}  // namespace rapport::facts

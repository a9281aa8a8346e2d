// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/what_if_value.h"

#include <cmath>
#include <optional>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/wire.h"
#include "lib/value/clv.h"

namespace rapport::facts {
namespace {

constexpr double kMostChange = 100;
constexpr double kMicros = static_cast<double>(kMicrosPerUnit);
constexpr size_t kBetweenLooks = 4096;  // Predictions between two looks at the caller.

absl::Status RequireChange(const char* field, double change) {
  if (change > -1 && change <= kMostChange) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", "must be > -1 and at most 100");
}

absl::Status Validate(const v1::AskWhatIfRequest& request) {
  RETURN_IF_ERROR(RequireChange("leaving_change", request.leaving_change()));
  RETURN_IF_ERROR(RequireChange("frequency_change", request.frequency_change()));
  RETURN_IF_ERROR(RequireChange("order_value_change", request.order_value_change()));
  if (!(request.margin() >= 0 && request.margin() <= 1)) {
    return InvalidField("margin", "OUT_OF_RANGE", "must be from 0 to 1");
  }
  if (request.horizon_days() < 0 || request.horizon_days() > kMaxHorizonDays) {
    return InvalidField("horizon_days", "OUT_OF_RANGE", "must be from 1 to 3650, or 0");
  }
  return absl::OkStatus();
}

__int128 Whole(double number) { return static_cast<__int128>(std::nearbyint(number)); }

void SetWhole(__int128 micros, const std::string& currency, v1::Money& out) {
  SetMoney(value::ClvMicros(static_cast<double>(micros) / kMicros), currency, out);
}

}  // namespace

WhatIfTotals::WhatIfTotals(const Settings& settings, std::optional<StoredModels> models,
                           SubscriptionWhatIf subscriptions)
    : settings_(settings), models_(std::move(models)), subscriptions_(std::move(subscriptions)) {}

absl::StatusOr<WhatIfTotals> WhatIfTotals::Create(const Settings& settings,
                                                  const WorkspaceModel* model,
                                                  const v1::AskWhatIfRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  std::optional<StoredModels> models;
  if (model != nullptr) models = ModelsOf(*model);
  Settings over = settings;
  if (request.horizon_days() > 0) over.value_horizon_days = request.horizon_days();
  SubscriptionWhatIf subscriptions(over, model, request);
  if (!models && !subscriptions.usable()) {
    return FailedPrecondition("NO_VALUE_MODEL", "no value model is fitted yet");
  }
  WhatIfTotals totals(over, std::move(models), std::move(subscriptions));
  // Money is multiplied in here; lib/value then counts discounted purchases.
  totals.change_.retention = -request.leaving_change();
  totals.change_.frequency = request.frequency_change();
  totals.money_change_ = 1 + request.order_value_change();
  totals.changed_margin_ = request.has_margin() ? request.margin() : settings.margin;
  return totals;
}

absl::Status WhatIfTotals::Add(const v1::CustomerFacts& facts) {
  const v1::CustomerValue& value = facts.value();
  if (!facts.has_value() || value.horizon_days() == 0) return absl::OkStatus();
  ++customers_;
  subscriptions_.Add(value.subscription());
  if (!models_ || value.model().empty()) return absl::OkStatus();  // Subscriptions alone.
  History history;
  history.frequency = static_cast<uint32_t>(value.repeat_purchases());
  history.use = IndexOf(facts);
  history.recency_days = value.recency_days();
  history.age_days = value.age_days();
  Group& group = groups_[history];
  ++group.customers;
  group.order_value_micros += value.expected_order_value().micros();
  return groups_.size() < kMostGroups ? absl::OkStatus() : Predict();
}

uint32_t WhatIfTotals::IndexOf(const v1::CustomerFacts& facts) {
  ModelUse use = models_->UseOf(facts);
  const auto next = static_cast<uint32_t>(uses_.size());
  const auto [found, is_new] = indexes_.try_emplace({use.segment, use.covariates}, next);
  if (is_new) uses_.push_back(std::move(use));
  return found->second;
}

absl::StatusOr<WhatIfTotals::Model*> WhatIfTotals::ModelFor(uint32_t use) {
  Model& model = models_of_[use];
  if (model.what_if != nullptr) return &model;
  value::FittedModels fitted = models_->Of(uses_[use].segment);
  model.covariates = uses_[use].covariates;
  // Purchases of value 1: their discounted number is then what they are worth.
  fitted.spend = {};
  fitted.spend.plain_mean = 1;
  fitted.spend_covariance.clear();
  value::ValueScorerOptions options;
  options.clv.horizon_days = settings_.value_horizon_days;
  options.clv.annual_discount_rate = settings_.annual_discount_rate;
  ASSIGN_OR_RETURN(value::WhatIf what_if, value::WhatIf::Create(fitted, options, change_));
  model.what_if = std::make_unique<value::WhatIf>(std::move(what_if));
  return &model;
}

absl::Status WhatIfTotals::Predict() {
  size_t looked_at = 0;
  for (const auto& [at, group] : groups_) {
    if (alive_ && ++looked_at % kBetweenLooks == 0) RETURN_IF_ERROR(alive_());
    value::PurchaseHistory history;
    history.frequency = at.frequency;
    history.recency_days = at.recency_days;
    history.age_days = at.age_days;
    ASSIGN_OR_RETURN(Model* const model, ModelFor(at.use));
    ASSIGN_OR_RETURN(const value::WhatIfValue value,
                     model->what_if->Score(history, model->covariates));
    const auto customers = static_cast<double>(group.customers);
    const auto money = static_cast<double>(group.order_value_micros);
    sums_.baseline += Whole(value.clv_before * money * settings_.margin);
    sums_.changed += Whole(value.clv_after * money * money_change_ * changed_margin_);
    sums_.baseline_purchases += Whole(value.purchases_before * customers * kMicros);
    sums_.changed_purchases += Whole(value.purchases_after * customers * kMicros);
  }
  groups_.clear();
  return absl::OkStatus();
}

absl::StatusOr<v1::AskWhatIfResponse> WhatIfTotals::Finish() {
  RETURN_IF_ERROR(Predict());
  const std::string currency = UnpackCurrency(settings_.base_currency);
  v1::AskWhatIfResponse response;
  RETURN_IF_ERROR(subscriptions_.Finish(response));
  SetWhole(sums_.baseline, currency, *response.mutable_baseline_orders());
  SetWhole(sums_.changed, currency, *response.mutable_changed_orders());
  const __int128 baseline = sums_.baseline + subscriptions_.baseline();
  const __int128 changed = sums_.changed + subscriptions_.changed();
  SetWhole(baseline, currency, *response.mutable_baseline());
  SetWhole(changed, currency, *response.mutable_changed());
  if (baseline > 0) {
    response.set_relative_change(static_cast<double>(changed) / static_cast<double>(baseline) - 1);
  }
  response.set_baseline_purchases(static_cast<double>(sums_.baseline_purchases) / kMicros);
  response.set_changed_purchases(static_cast<double>(sums_.changed_purchases) / kMicros);
  response.set_customer_count(customers_);
  return response;
}

}  // namespace rapport::facts

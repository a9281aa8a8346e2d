// SPDX-License-Identifier: Apache-2.0
#include "lib/value/what_if.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/value/bg_bb.h"
#include "lib/value/purchase_forecast.h"

namespace rapport::value {
namespace {

constexpr double kMostChange = 100;
constexpr double kMostChance = 0.999;
constexpr double kMostRenewals = 100'000;
constexpr double kNothingLeft = 1e-16;

// Beta(a, b) with its mean multiplied by `factor` and the same concentration.
void ScaleMean(double factor, double& a, double& b) {
  const double both = a + b;
  a = std::min(a * factor, kMostChance * both);
  b = both - a;
}

// The model of a customer whose future is changed and whose past is not.
class ChangedModel : public PurchaseModel {
 public:
  ChangedModel(const PurchaseModel& past, const ValueChange& change)
      : PurchaseModel(past.parameters()), past_(past), change_(change) {}

  double LogLikelihood(const PurchaseHistory& history) const override {
    return past_.LogLikelihood(history);
  }
  double PAlive(const PurchaseHistory& history) const override { return past_.PAlive(history); }
  bool AliveByConstruction(const PurchaseHistory& history) const override {
    return past_.AliveByConstruction(history);
  }
  void AppendAliveStates(const PurchaseHistory& history,
                         std::vector<AliveState>& states) const override {
    past_.AppendAliveStates(history, states);
  }
  double curve_origin_days() const override { return past_.curve_origin_days(); }

  double AliveAhead(const AliveState& state, double days) const override {
    const Future future = FutureOf(state);
    return future.model->AliveAhead(future.state, days);
  }
  double ExpectedPurchases(const AliveState& state, double horizon_days) const override {
    const Future future = FutureOf(state);
    return future.model->ExpectedPurchases(future.state, horizon_days);
  }
  double DiscountedPurchases(const AliveState& state, double horizon_days,
                             double rate_per_day) const override {
    const Future future = FutureOf(state);
    return future.model->DiscountedPurchases(future.state, horizon_days, rate_per_day);
  }
  double NoPurchase(const AliveState& state, double horizon_days) const override {
    const Future future = FutureOf(state);
    return future.model->NoPurchase(future.state, horizon_days);
  }
  std::vector<double> PurchaseCounts(const AliveState& state, double horizon_days,
                                     uint32_t max_count) const override {
    const Future future = FutureOf(state);
    return future.model->PurchaseCounts(future.state, horizon_days, max_count);
  }
  double ExpectedFromStart(double days) const override { return past_.ExpectedFromStart(days); }
  std::vector<double> CountsFromStart(double days, uint32_t max_count) const override {
    return past_.CountsFromStart(days, max_count);
  }

 private:
  struct Future {
    std::unique_ptr<PurchaseModel> own;
    const PurchaseModel* model;
    AliveState state;
  };
  Future FutureOf(const AliveState& state) const {
    const OwnFuture own = OwnFutureOf(parameters(), state, change_);
    absl::StatusOr<std::unique_ptr<PurchaseModel>> made = MakePurchaseModel(own.parameters);
    // Parameters at the edge of the doubles: then nothing changes.
    if (!made.ok()) return {nullptr, &past_, state};
    Future future{*std::move(made), nullptr, own.state};
    future.model = future.own.get();
    return future;
  }

  const PurchaseModel& past_;
  ValueChange change_;
};

absl::Status RequireRange(const char* field, double value, double low, double high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", Cat("must be in [", low, ", ", high, "]"));
}

absl::Status ValidateChange(const ValueChange& change) {
  RETURN_IF_ERROR(RequireRange("retention", change.retention, -kMostChange, 1));
  RETURN_IF_ERROR(RequireRange("frequency", change.frequency, -1, kMostChange));
  RETURN_IF_ERROR(RequireRange("order_value", change.order_value, -1, kMostChange));
  RETURN_IF_ERROR(RequireRange("margin", change.margin, -1, kMostChange));
  if (change.retention == 1) return InvalidField("retention", "OUT_OF_RANGE", "must be < 1");
  if (change.frequency == -1) return InvalidField("frequency", "OUT_OF_RANGE", "must be > -1");
  return absl::OkStatus();
}

void ChangeBgBb(const AliveState& state, const ValueChange& change, OwnFuture& own) {
  const double unit = own.parameters.time_unit_days;
  const Opportunities past =
      OpportunitiesOf({.frequency = state.frequency,
                       .recency_days = state.frequency > 0 ? state.age_days : 0,
                       .age_days = state.age_days},
                      unit);
  std::vector<double>& values = own.parameters.values;
  values[0] += past.used;
  values[1] += past.closed - past.used;
  values[3] += past.closed;
  ScaleMean(1 + change.frequency, values[0], values[1]);
  ScaleMean(1 - change.retention, values[2], values[3]);
  own.state.age_days = std::max(0.0, state.age_days - past.closed * unit);
}

// b of MBG counts the chance after the first purchase by itself.
void ChangeLeaving(bool at_first, const AliveState& state, double factor,
                   std::vector<double>& values) {
  const double first = at_first ? 1 : 0;
  double stayed = values[3] + state.frequency + first;
  ScaleMean(factor, values[2], stayed);
  values[3] = std::max(stayed - first, 1e-3);
}

}  // namespace

OwnFuture OwnFutureOf(const ModelParameters& parameters, const AliveState& state,
                      const ValueChange& change) {
  OwnFuture own{parameters, {1, 0, state.phase, 0}};
  if (parameters.kind == ModelKind::kBgBb) {
    ChangeBgBb(state, change, own);
    return own;
  }
  std::vector<double>& values = own.parameters.values;
  const double age = state.age_days / parameters.time_unit_days;
  const double stay = 1 - change.retention;
  values[0] += static_cast<double>(parameters.regularity) * state.frequency;
  values[1] = (values[1] + age) / (1 + change.frequency);
  switch (parameters.kind) {
    case ModelKind::kParetoNbd:
      values[3] = (values[3] + age) / stay;
      break;
    case ModelKind::kBgNbd:
    case ModelKind::kBgCnbdK:
      ChangeLeaving(false, state, stay, values);
      break;
    case ModelKind::kMbgNbd:
    case ModelKind::kMbgCnbdK:
      ChangeLeaving(true, state, stay, values);
      break;
    case ModelKind::kBgBb:
    case ModelKind::kNbd:
      break;
  }
  return own;
}

absl::StatusOr<WhatIf> WhatIf::Create(const FittedModels& models, const ValueScorerOptions& options,
                                      const ValueChange& change) {
  RETURN_IF_ERROR(ValueScorer::Create(models, options).status());
  RETURN_IF_ERROR(ValidateChange(change));
  return WhatIf(models, options, change);
}

WhatIf::WhatIf(const FittedModels& models, const ValueScorerOptions& options,
               const ValueChange& change)
    : models_(models),
      options_(options.clv),
      change_(change),
      future_{.horizon_days = options.clv.horizon_days,
              .discount_per_day = DiscountPerDay(options.clv.annual_discount_rate),
              .horizon_only = true} {}

absl::StatusOr<WhatIf::Pattern*> WhatIf::PatternOf(std::span<const double> covariates) {
  const std::vector<double> key(covariates.begin(), covariates.end());
  if (const auto found = patterns_.find(key); found != patterns_.end()) return found->second.get();
  ASSIGN_OR_RETURN(const ModelParameters applied, ApplyCovariates(models_.purchases, covariates));
  auto pattern = std::make_unique<Pattern>();
  ASSIGN_OR_RETURN(pattern->model, MakePurchaseModel(applied));
  pattern->changed = std::make_unique<ChangedModel>(*pattern->model, change_);
  pattern->before = std::make_unique<FutureCurves>(*pattern->model, future_);
  pattern->after = std::make_unique<FutureCurves>(*pattern->changed, future_);
  return (patterns_[key] = std::move(pattern)).get();
}

absl::StatusOr<WhatIfValue> WhatIf::Score(const PurchaseHistory& history,
                                          std::span<const double> covariates) {
  RETURN_IF_ERROR(ValidateHistory(history));
  ASSIGN_OR_RETURN(Pattern* const pattern, PatternOf(covariates));
  const double unit = ExpectedSpendOf(models_.spend, history).mean_value * options_.margin;
  const double unit_after = unit * (1 + change_.order_value) * (1 + change_.margin);
  WhatIfValue value;
  states_.clear();
  pattern->model->AppendAliveStates(history, states_);
  for (const AliveState& state : states_) {
    const StateFuture before = pattern->before->At(state), after = pattern->after->At(state);
    value.p_alive += state.probability;
    value.purchases_before += state.probability * before.purchases;
    value.purchases_after += state.probability * after.purchases;
    value.clv_before += state.probability * before.discounted * unit;
    value.clv_after += state.probability * after.discounted * unit_after;
  }
  value.p_alive = std::min(value.p_alive, 1.0);
  return value;
}

absl::StatusOr<WhatIfTotal> WhatIf::Total(std::span<const WhatIfRow> rows) {
  constexpr double kMicros = static_cast<double>(kMicrosPerUnit);
  __int128 sums[4] = {};
  WhatIfTotal total;
  for (size_t i = 0; i < rows.size(); ++i) {
    const absl::StatusOr<WhatIfValue> value = Score(rows[i].history, rows[i].covariates);
    if (!value.ok()) return PrefixField(value.status(), Cat("rows[", i, "]."));
    total.customers += rows[i].customers;
    const double numbers[4] = {value->purchases_before, value->purchases_after, value->clv_before,
                               value->clv_after};
    for (size_t n = 0; n < 4; ++n) {
      sums[n] += static_cast<__int128>(rows[i].customers) *
                 static_cast<__int128>(std::nearbyint(std::min(numbers[n] * kMicros, 1e30)));
    }
  }
  total.purchases_before = static_cast<double>(sums[0]) / kMicros;
  total.purchases_after = static_cast<double>(sums[1]) / kMicros;
  total.clv_before = static_cast<double>(sums[2]) / kMicros;
  total.clv_after = static_cast<double>(sums[3]) / kMicros;
  return total;
}

absl::StatusOr<ContractualWhatIf> RenewalsWhatIf(const RetentionModel& model, double survived,
                                                 double horizon, double rate_per_period,
                                                 double points) {
  return RenewalsWhatIf(model, survived, horizon, rate_per_period,
                        RetentionChange{.points = points});
}

absl::StatusOr<ContractualWhatIf> RenewalsWhatIf(const RetentionModel& model, double survived,
                                                 double horizon, double rate_per_period,
                                                 const RetentionChange& change) {
  RETURN_IF_ERROR(RequireRange("points", change.points, -1, 1));
  RETURN_IF_ERROR(RequireRange("leaving", change.leaving, -1, 100));
  if (!(horizon >= 0)) return InvalidField("horizon", "OUT_OF_RANGE", "must be >= 0");
  if (!(rate_per_period >= 0)) {
    return InvalidField("rate_per_period", "OUT_OF_RANGE", "must be >= 0");
  }
  ContractualWhatIf result;
  double before = 1, after = 1, weight = 1;
  for (double n = 1; n <= std::min(horizon, kMostRenewals); ++n) {
    const double rate = model.RetentionRate(survived + n);
    before *= rate;
    // rate - (1 - rate) leaving: without a change the very same number.
    after *= std::clamp(rate - (1 - rate) * change.leaving + change.points, 0.0, 1.0);
    result.renewals_before += weight * before;
    result.renewals_after += weight * after;
    result.count_before += before;
    result.count_after += after;
    weight /= 1 + rate_per_period;
    // Without end only discounted renewals have a sum.
    const double left = std::max(before, after) * (std::isinf(horizon) ? weight : 1);
    if (left < kNothingLeft) break;
  }
  return result;
}

}  // namespace rapport::value

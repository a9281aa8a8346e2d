// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/model_parameters.h"

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/math/stats.h"

namespace rapport::facts {
namespace {

using ParameterList = google::protobuf::RepeatedPtrField<v1::Parameter>;
using Numbers = google::protobuf::RepeatedField<double>;

const v1::Parameter* FindParameter(const ParameterList& parameters, std::string_view name) {
  for (const v1::Parameter& parameter : parameters) {
    if (parameter.name() == name) return &parameter;
  }
  return nullptr;
}

double ValueOf(const ParameterList& parameters, std::string_view name) {
  const v1::Parameter* parameter = FindParameter(parameters, name);
  return parameter == nullptr ? 0 : parameter->value();
}

value::SpendReason ReasonOf(const std::string& text) {
  for (const auto reason :
       {value::SpendReason::kFrequencyCorrelated, value::SpendReason::kNotEnoughData,
        value::SpendReason::kNotConverged, value::SpendReason::kNotIdentified,
        value::SpendReason::kNoPopulationMean}) {
    if (value::SpendReasonText(reason) == text) return reason;
  }
  return value::SpendReason::kNone;
}

std::optional<value::ModelParameters> ReadParameters(const std::string& name, int regularity,
                                                     double unit, const ParameterList& stored) {
  const auto kind = value::ModelKindByName(name);
  if (!kind) return std::nullopt;
  value::ModelParameters parameters;
  parameters.kind = *kind;
  parameters.regularity = static_cast<uint32_t>(std::max(1, regularity));
  parameters.time_unit_days = unit;
  for (const char* parameter : value::TraitsOf(*kind).parameters) {
    parameters.values.push_back(ValueOf(stored, parameter));
  }
  return parameters;
}

// The columns; without any the effects are those of channels, by their names.
std::vector<v1::Covariate> ColumnsOf(const v1::ValueModel& stored) {
  if (!stored.covariates().empty()) {
    return {stored.covariates().begin(), stored.covariates().end()};
  }
  std::vector<v1::Covariate> columns;
  for (const v1::CovariateEffect& effect : stored.effects()) {
    if (effect.parameter() != stored.effects(0).parameter()) break;
    v1::Covariate& column = columns.emplace_back();
    column.set_name(effect.covariate());
    column.set_kind(v1::COVARIATE_KIND_VALUE);
    column.set_value(effect.covariate().substr(sizeof(kChannelPrefix) - 1));
  }
  return columns;
}

// 0 for a column that the fit left out.
double EffectOf(const v1::ValueModel& stored, std::string_view parameter,
                const std::string& covariate) {
  for (const v1::CovariateEffect& effect : stored.effects()) {
    if (effect.parameter() == parameter && effect.covariate() == covariate) return effect.value();
  }
  return 0;
}

void ReadEffects(const v1::ValueModel& stored, StoredModels& models) {
  if (stored.effects().empty()) return;
  const value::ModelTraits& traits = value::TraitsOf(models.all.purchases.kind);
  const std::vector<v1::Covariate> columns = ColumnsOf(stored);
  for (const v1::Covariate& column : columns) models.covariates.emplace_back(column);
  for (const auto& slot : traits.covariate_slots) {
    std::vector<double>& effects = models.all.purchases.effects.emplace_back();
    for (const v1::Covariate& column : columns) {
      effects.push_back(EffectOf(stored, traits.parameters[slot.parameter], column.name()));
    }
  }
}

void ReadSpend(const WorkspaceModel& model, value::FittedModels& fitted) {
  const v1::ValueModel& stored = model.value_model();
  fitted.spend.plain_mean =
      static_cast<double>(model.mean_order_micros()) / static_cast<double>(kMicrosPerUnit);
  if (stored.spend_model() != kGammaGammaModel) {
    fitted.spend.reason = ReasonOf(stored.spend_reason());
    return;
  }
  const ParameterList& spend = stored.spend_parameters();
  const auto made = value::GammaGamma::Create(
      {.p = ValueOf(spend, "p"), .q = ValueOf(spend, "q"), .gamma = ValueOf(spend, "gamma")});
  if (!made.ok()) return;
  fitted.spend.gamma_gamma = *made;
  fitted.spend_covariance.assign(stored.spend_covariance().begin(),
                                 stored.spend_covariance().end());
}

void ReadSegments(const v1::ValueModel& stored, StoredModels& models) {
  if (stored.segments().empty()) return;
  models.grouped_by = stored.grouped_by().empty() ? kChannelGroups : stored.grouped_by();
  for (const v1::SegmentModel& segment : stored.segments()) {
    models.groups.insert(segment.segment());
    auto parameters = ReadParameters(segment.purchase_model(), segment.regularity(),
                                     stored.time_unit_days(), segment.purchase_parameters());
    if (!parameters || !value::ValidateParameters(*parameters).ok()) continue;
    value::FittedModels own = models.all;
    own.purchases = *std::move(parameters);
    own.purchase_covariance.assign(segment.purchase_covariance().begin(),
                                   segment.purchase_covariance().end());
    models.by_segment[segment.segment()] = std::move(own);
  }
}

}  // namespace

std::string StoredModels::GroupOf(int channel, const Attributes& attributes) const {
  if (grouped_by.empty()) return "";
  if (grouped_by == kChannelGroups) return ChannelName(channel);
  std::string group = TextOf(Find(attributes, grouped_by));
  return groups.contains(group) ? group : kOtherGroup;
}

ModelUse StoredModels::UseOf(int channel, const Attributes& attributes) const {
  ModelUse use;
  if (!by_segment.empty()) {
    std::string group = GroupOf(channel, attributes);
    if (by_segment.contains(group)) {
      use.segment = std::move(group);
      return use;
    }
  }
  for (const CovariateColumn& column : covariates) {
    use.covariates.push_back(column.Of(channel, attributes));
  }
  return use;
}

ModelUse StoredModels::UseOf(const v1::CustomerFacts& facts) const {
  const v1::CustomerValue& value = facts.value();
  const bool told = !value.model_segment().empty() ||
                    (static_cast<size_t>(value.covariates_size()) == covariates.size() &&
                     grouped_by != kChannelGroups);
  // Rows that do not tell their covariates knew channels only.
  if (!told) return UseOf(facts.acquisition_channel(), {});
  return {value.model_segment(), {value.covariates().begin(), value.covariates().end()}};
}

const value::FittedModels& StoredModels::Of(std::string_view segment) const {
  const auto own = by_segment.find(segment);
  return own == by_segment.end() ? all : own->second;
}

absl::StatusOr<value::ModelParameters> StoredModels::PurchasesOf(const ModelUse& use) const {
  return value::ApplyCovariates(Of(use.segment).purchases, use.covariates);
}

std::optional<StoredModels> ModelsOf(const WorkspaceModel& model) {
  const v1::ValueModel& stored = model.value_model();
  auto parameters = ReadParameters(stored.purchase_model(), stored.regularity(),
                                   stored.time_unit_days(), stored.purchase_parameters());
  if (!parameters) return std::nullopt;
  StoredModels models;
  models.all.purchases = *std::move(parameters);
  ReadEffects(stored, models);
  if (!value::ValidateParameters(models.all.purchases).ok()) return std::nullopt;
  const Numbers& covariance = stored.purchase_covariance();
  models.all.purchase_covariance.assign(covariance.begin(), covariance.end());
  ReadSpend(model, models.all);
  ReadSegments(stored, models);
  return models;
}

absl::StatusOr<value::ModelParameters> ParametersOf(const v1::PurchaseModelInput& input) {
  const double unit = input.time_unit_days() == 0 ? 7 : input.time_unit_days();
  const auto parameters =
      ReadParameters(input.model(), input.regularity(), unit, input.parameters());
  if (!parameters) return InvalidField("model.model", "UNKNOWN_MODEL", "is no purchase model");
  for (const char* name : value::TraitsOf(parameters->kind).parameters) {
    if (FindParameter(input.parameters(), name) == nullptr) {
      return InvalidField(Cat("model.parameters[", name, "]"), "REQUIRED", "is missing");
    }
  }
  RETURN_IF_ERROR(PrefixField(value::ValidateParameters(*parameters), "model."));
  return *parameters;
}

std::string ChannelName(int channel) {
  constexpr std::string_view kPrefix = "CHANNEL_";
  std::string name = v1::Channel_Name(static_cast<v1::Channel>(channel));
  return name.size() > kPrefix.size() ? name.substr(kPrefix.size()) : name;
}

void DescribeParameters(const value::FitSummary& summary, size_t count, ParameterList& out) {
  for (size_t i = 0; i < std::min(count, summary.parameters.size()); ++i) {
    const value::ParameterEstimate& estimate = summary.parameters[i];
    v1::Parameter& parameter = *out.Add();
    parameter.set_name(estimate.name);
    parameter.set_value(estimate.value);
    parameter.set_standard_error(estimate.standard_error);
  }
}

void DescribePurchases(const value::PurchaseFit& fit, v1::ValueModel& out) {
  const value::FitSummary& summary = fit.summary;
  const size_t base = fit.parameters.values.size();
  out.set_purchase_model(std::string(value::TraitsOf(fit.parameters.kind).name));
  out.set_regularity(static_cast<int32_t>(fit.parameters.regularity));
  out.set_time_unit_days(fit.parameters.time_unit_days);
  DescribeParameters(summary, base, *out.mutable_purchase_parameters());
  for (size_t i = base; i < summary.parameters.size(); ++i) {
    const value::ParameterEstimate& estimate = summary.parameters[i];
    const size_t colon = estimate.name.find(':');
    v1::CovariateEffect& effect = *out.add_effects();
    effect.set_parameter(estimate.name.substr(0, colon));
    effect.set_covariate(estimate.name.substr(colon + 1));
    effect.set_value(estimate.value);
    effect.set_standard_error(estimate.standard_error);
    const double z = estimate.standard_error > 0 ? estimate.value / estimate.standard_error : 0;
    effect.set_p_value(2 * math::NormalCdf(-std::fabs(z)));
  }
  out.mutable_purchase_covariance()->Assign(fit.covariance.begin(), fit.covariance.end());
  out.set_purchase_log_likelihood(summary.log_likelihood);
  out.set_purchase_bic(summary.bic);
  out.set_converged(summary.converged);
  out.set_gradient_norm(summary.gradient_norm);
  out.set_iterations(summary.iterations);
}

}  // namespace rapport::facts

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

const v1::Parameter* Find(const ParameterList& parameters, std::string_view name) {
  for (const v1::Parameter& parameter : parameters) {
    if (parameter.name() == name) return &parameter;
  }
  return nullptr;
}

double ValueOf(const ParameterList& parameters, std::string_view name) {
  const v1::Parameter* parameter = Find(parameters, name);
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

int ChannelOf(const std::string& covariate) {
  const std::string name = Cat("CHANNEL_", covariate.substr(sizeof(kChannelPrefix) - 1));
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
  return v1::Channel_Parse(name, &channel) ? static_cast<int>(channel) : 0;
}

// Effects slot by slot; the covariates stand in the order of the first slot.
void ReadEffects(const v1::ValueModel& stored, StoredModels& models) {
  if (stored.effects().empty()) return;
  const size_t slots = value::TraitsOf(models.all.purchases.kind).covariate_slots.size();
  const auto total = static_cast<size_t>(stored.effects_size());
  const size_t covariates = total / slots;
  auto& effects = models.all.purchases.effects;
  effects.assign(slots, std::vector<double>(covariates));
  for (size_t i = 0; i < slots * covariates; ++i) {
    effects[i / covariates][i % covariates] = stored.effects(static_cast<int>(i)).value();
  }
  for (size_t i = 0; i < covariates; ++i) {
    models.covariate_channels.push_back(ChannelOf(stored.effects(static_cast<int>(i)).covariate()));
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
  for (const v1::SegmentModel& segment : stored.segments()) {
    auto parameters = ReadParameters(segment.purchase_model(), segment.regularity(),
                                     stored.time_unit_days(), segment.purchase_parameters());
    if (!parameters || !value::ValidateParameters(*parameters).ok()) continue;
    value::FittedModels own = models.all;
    own.purchases = *std::move(parameters);
    own.purchase_covariance.assign(segment.purchase_covariance().begin(),
                                   segment.purchase_covariance().end());
    models.by_channel[ChannelOf(Cat(kChannelPrefix, segment.segment()))] = std::move(own);
  }
}

}  // namespace

std::vector<double> StoredModels::CovariatesOf(int channel) const {
  std::vector<double> covariates;
  for (const int of : covariate_channels) covariates.push_back(of == channel ? 1 : 0);
  return covariates;
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
    if (Find(input.parameters(), name) == nullptr) {
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

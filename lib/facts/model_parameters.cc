// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/model_parameters.h"

#include <cmath>
#include <string>

namespace rapport::facts {
namespace {

using ParameterList = google::protobuf::RepeatedPtrField<v1::Parameter>;

double Value(const ParameterList& parameters, const char* name) {
  for (const v1::Parameter& parameter : parameters) {
    if (parameter.name() == name) return parameter.value();
  }
  return 0;
}

void Describe(const value::FitSummary& summary, ParameterList& parameters) {
  for (const value::ParameterEstimate& estimate : summary.parameters) {
    v1::Parameter& parameter = *parameters.Add();
    parameter.set_name(estimate.name);
    parameter.set_value(estimate.value);
    parameter.set_standard_error(estimate.standard_error);
  }
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

}  // namespace

std::optional<value::ValueParameters> ParametersOf(const WorkspaceModel& model) {
  const v1::ValueModel& stored = model.value_model();
  if (stored.purchase_model() != kBgNbdModel) return std::nullopt;
  value::ValueParameters parameters;
  const ParameterList& purchases = stored.purchase_parameters();
  parameters.purchases = {.r = Value(purchases, "r"),
                          .alpha = Value(purchases, "alpha"),
                          .a = Value(purchases, "a"),
                          .b = Value(purchases, "b"),
                          .time_unit_days = stored.time_unit_days()};
  if (stored.spend_model() == kGammaGammaModel) {
    const ParameterList& spend = stored.spend_parameters();
    parameters.spend = value::GammaGammaParameters{
        .p = Value(spend, "p"), .q = Value(spend, "q"), .gamma = Value(spend, "gamma")};
  } else {
    parameters.spend_reason = ReasonOf(stored.spend_reason());
  }
  parameters.plain_mean =
      static_cast<double>(model.mean_order_micros()) / static_cast<double>(kMicrosPerUnit);
  return parameters;
}

void DescribeFit(const value::ValueFit& fit, WorkspaceModel& model) {
  v1::ValueModel& stored = *model.mutable_value_model();
  const value::FitSummary& summary = fit.purchases.summary;
  stored.set_purchase_model(kBgNbdModel);
  Describe(summary, *stored.mutable_purchase_parameters());
  stored.set_purchase_log_likelihood(summary.log_likelihood);
  stored.set_purchase_bic(summary.bic);
  stored.set_converged(summary.converged);
  stored.set_gradient_norm(summary.gradient_norm);
  stored.set_iterations(summary.iterations);
  stored.set_time_unit_days(fit.purchases.model.parameters().time_unit_days);
  if (fit.spend) {
    Describe(fit.spend->summary, *stored.mutable_spend_parameters());
    stored.set_spend_log_likelihood(fit.spend->summary.log_likelihood);
  }
  const bool gamma_gamma = fit.parameters().spend.has_value();
  stored.set_spend_model(gamma_gamma ? kGammaGammaModel : kMeanModel);
  stored.set_spend_reason(gamma_gamma
                              ? "Gamma-Gamma: it fits, and value does not depend on frequency"
                              : std::string(value::SpendReasonText(fit.spend_reason)));
  stored.set_frequency_value_correlation(fit.independence.correlation.value_or(0));
  for (const value::FrequencyRow& row : fit.purchases.frequencies) {
    v1::FrequencyRow& out = *stored.add_frequency_table();
    out.set_repeat_purchases(static_cast<int32_t>(row.purchases));
    out.set_actual(std::llround(row.actual));
    out.set_expected(row.expected);
  }
  model.set_mean_order_micros(std::llround(fit.plain_mean * static_cast<double>(kMicrosPerUnit)));
}

}  // namespace rapport::facts

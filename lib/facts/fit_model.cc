// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/fit_rows.h"
#include "lib/facts/model_parameters.h"
#include "lib/facts/reports.h"
#include "lib/facts/wire.h"
#include "lib/math/ranks.h"
#include "lib/value/fit_report.h"
#include "lib/value/spend_fit.h"

namespace rapport::facts {
namespace {

constexpr int64_t kMinRepeaters = 10;

void CutRfm(const FitInput& input, WorkspaceModel& model) {
  math::ValueHistogram recency, frequency, monetary;
  for (const double days : input.rfm_recency_days) recency.Add(std::llround(days));
  for (const double days : input.rfm_frequency) frequency.Add(std::llround(days));
  for (const int64_t micros : input.rfm_monetary_micros) monetary.Add(micros);
  const auto recency_cuts = math::RankCuts::Make(recency, 5, math::Better::kLower);
  const auto frequency_cuts = math::RankCuts::Make(frequency, 5, math::Better::kHigher);
  const auto monetary_cuts = math::RankCuts::Make(monetary, 5, math::Better::kHigher);
  for (const int64_t cut : recency_cuts.cuts()) {
    model.add_recency_cuts(static_cast<double>(cut));
  }
  for (const int64_t cut : frequency_cuts.cuts()) {
    model.add_frequency_cuts(static_cast<double>(cut));
  }
  for (const int64_t cut : monetary_cuts.cuts()) model.add_monetary_cuts(cut);
}

// Tonight's data do not give a model: last night's stays in use, with the reason.
void KeepPrevious(const std::string& reason, const WorkspaceModel* previous,
                  WorkspaceModel& model) {
  v1::ValueModel& stored = *model.mutable_value_model();
  const auto candidates = stored.candidates();
  if (previous == nullptr || !ModelsOf(*previous)) {
    stored.Clear();
    stored.add_notes(Cat("No value model: ", reason));
  } else {
    stored = previous->value_model();
    model.set_mean_order_micros(previous->mean_order_micros());
    stored.set_converged(false);
    stored.clear_notes();
    stored.clear_drift();
    stored.clear_classifiers();  // Trained anew, or kept one by one.
    stored.add_notes(Cat("Tonight's fit is not used: ", reason, ". The parameters are those of ",
                         FormatTime(TimeOf(stored.fit_as_of())), "."));
  }
  *stored.mutable_candidates() = candidates;
}

void DescribeChoice(const value::ModelChoice& choice,
                    google::protobuf::RepeatedPtrField<v1::ModelCandidate>& out) {
  for (const value::ModelCandidate& candidate : choice.candidates) {
    const value::FitSummary& summary = candidate.fit.summary;
    v1::ModelCandidate& row = *out.Add();
    row.set_model(std::string(value::TraitsOf(candidate.kind).name));
    row.set_regularity(static_cast<int32_t>(candidate.fit.parameters.regularity));
    row.set_parameter_count(static_cast<int32_t>(summary.parameters.size()));
    row.set_log_likelihood(summary.log_likelihood);
    row.set_aic(summary.aic);
    row.set_bic(summary.bic);
    row.set_converged(summary.converged);
    row.set_identified(summary.identified());
    if (candidate.holdout) {
      row.set_holdout_mae(candidate.holdout->mean_absolute_error);
      row.set_holdout_bias(candidate.holdout->bias);
    }
    row.set_chosen(candidate.chosen);
    row.set_reason(candidate.reason);
  }
}

void DescribeSpend(const value::SpendFit& fit, WorkspaceModel& model) {
  v1::ValueModel& stored = *model.mutable_value_model();
  if (fit.gamma_gamma) {
    const value::FitSummary& summary = fit.gamma_gamma->summary;
    DescribeParameters(summary, summary.parameters.size(), *stored.mutable_spend_parameters());
    stored.set_spend_log_likelihood(summary.log_likelihood);
    const std::vector<double>& covariance = fit.gamma_gamma->covariance;
    stored.mutable_spend_covariance()->Assign(covariance.begin(), covariance.end());
  }
  const bool used = fit.model.gamma_gamma.has_value();
  stored.set_spend_model(used ? kGammaGammaModel : kMeanModel);
  stored.set_spend_reason(used ? "Gamma-Gamma: it fits, and value does not depend on frequency"
                               : std::string(value::SpendReasonText(fit.model.reason)));
  stored.set_frequency_value_correlation(fit.independence.correlation.value_or(0));
  model.set_mean_order_micros(
      std::llround(fit.model.plain_mean * static_cast<double>(kMicrosPerUnit)));
}

// The models of groups that have one of their own, and why others have none.
void DescribeGroups(const value::GroupedChoice& choice, const FitRows& rows,
                    v1::ValueModel& stored) {
  stored.set_grouped_by(rows.grouped_by);
  for (size_t i = 0; i < choice.groups.size(); ++i) {
    const value::GroupChoice& group = choice.groups[i];
    v1::SegmentModel& out = *stored.add_segments();
    out.set_segment(rows.grouping.names[i]);
    out.set_customer_count(rows.grouping.customers[i]);
    out.set_reason(group.reason);
    if (group.own) DescribeChoice(*group.own, *out.mutable_candidates());
    if (group.pooled || !group.own || !group.own->chosen) continue;
    const value::PurchaseFit& fit = group.own->candidates[*group.own->chosen].fit;
    out.set_purchase_model(std::string(value::TraitsOf(fit.parameters.kind).name));
    out.set_regularity(static_cast<int32_t>(fit.parameters.regularity));
    DescribeParameters(fit.summary, fit.parameters.values.size(),
                       *out.mutable_purchase_parameters());
    out.mutable_purchase_covariance()->Assign(fit.covariance.begin(), fit.covariance.end());
  }
}

// Last night's parameters beside tonight's, when both are of one model.
void DescribeDrift(const WorkspaceModel* previous, const value::PurchaseFit& fit,
                   v1::ValueModel& stored) {
  const auto before = previous == nullptr ? std::nullopt : ModelsOf(*previous);
  if (!before || before->all.purchases.time_unit_days != fit.parameters.time_unit_days) return;
  const value::EarlierFit earlier{"", before->all.purchases};
  for (const value::DriftLine& line : value::DriftSince(fit, {&earlier, 1}).lines) {
    v1::ParameterDrift& drift = *stored.add_drift();
    drift.set_name(line.parameter);
    drift.set_value(line.now);
    drift.set_previous(line.earlier);
    drift.set_change_in_errors(line.change_in_errors);
  }
}

absl::StatusOr<value::GroupedChoice> Choose(const FitRows& rows) {
  if (rows.repeaters < kMinRepeaters) {
    return FailedPrecondition("NOT_ENOUGH_DATA",
                              Cat("a value model needs ", kMinRepeaters,
                                  " customers with a repeat purchase, there are ", rows.repeaters));
  }
  if (!rows.grouping.names.empty()) {
    const auto groups = static_cast<uint32_t>(rows.grouping.names.size());
    return value::ChooseByGroup(rows.rows, groups, rows.options);
  }
  ASSIGN_OR_RETURN(value::ModelChoice pooled, value::ChooseModel(rows.rows, rows.options));
  return value::GroupedChoice{std::move(pooled), {}};
}

void FitValue(const Settings& settings, const FitInput& input, TimeMicros as_of,
              const WorkspaceModel* previous, WorkspaceModel& model) {
  // No warm start: tonight's figures must not depend on how many nights went before.
  const FitRows rows(settings, input);
  const auto choice = Choose(rows);
  if (!choice.ok()) return KeepPrevious(std::string(choice.status().message()), previous, model);
  v1::ValueModel& stored = *model.mutable_value_model();
  DescribeChoice(choice->pooled, *stored.mutable_candidates());
  if (!choice->pooled.chosen) return KeepPrevious(choice->pooled.reason, previous, model);
  const value::ModelCandidate& chosen = choice->pooled.candidates[*choice->pooled.chosen];
  const value::PurchaseFit& fit = chosen.fit;
  DescribePurchases(fit, stored);
  stored.mutable_covariates()->Assign(rows.covariates.begin(), rows.covariates.end());
  DescribeGroups(*choice, rows, stored);
  value::SpendFitOptions spend_options;
  spend_options.require_mean = settings.require_spend_mean;
  if (const auto spend = value::FitSpend(input.histories, spend_options); spend.ok()) {
    DescribeSpend(*spend, model);
  }
  SetTime(as_of, *stored.mutable_fit_as_of());
  DescribeDrift(previous, fit, stored);
  DescribeForecasts(input, rows, chosen, stored);
  for (const std::string& name : fit.left_out_covariates) {
    stored.add_notes(Cat("Covariate ", name, " is left out: the data do not tell its effect."));
  }
  for (const std::string& note : rows.notes) stored.add_notes(note);
}

}  // namespace

WorkspaceModel FitModel(const Settings& settings, const FitInput& input, TimeMicros as_of,
                        const WorkspaceModel* previous) {
  WorkspaceModel model;
  CutRfm(input, model);
  FitValue(settings, input, as_of, previous, model);
  v1::ValueModel& stored = *model.mutable_value_model();
  stored.set_annual_discount_rate(settings.annual_discount_rate);
  input.retention.Describe(settings, stored);
  stored.set_customer_count(static_cast<int64_t>(input.histories.size()));
  stored.set_repeater_count(
      std::count_if(input.histories.begin(), input.histories.end(),
                    [](const value::PurchaseHistory& row) { return row.frequency > 0; }));
  return model;
}

CivilDays HoldoutStart(CivilDays first_order_day, CivilDays as_of_day) {
  return first_order_day + (as_of_day - first_order_day) * 3 / 4;
}

}  // namespace rapport::facts

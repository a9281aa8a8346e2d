// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/retention_fits.h"

#include <optional>
#include <utility>

namespace rapport::facts {
namespace {

std::optional<value::RetentionFit> Read(const v1::RetentionFit& stored) {
  if (!stored.usable() || stored.parameters_size() < 2) return std::nullopt;
  value::RetentionParameters parameters;
  parameters.alpha = stored.parameters(0).value();
  parameters.beta = stored.parameters(1).value();
  const bool weibull = stored.parameters_size() > 2;
  if (weibull) parameters.c = stored.parameters(2).value();
  const auto model = value::RetentionModel::Create(parameters);
  if (!model.ok()) return std::nullopt;
  value::RetentionFit fit{.kind = weibull ? value::RetentionKind::kBetaDiscreteWeibull
                                          : value::RetentionKind::kShiftedBetaGeometric,
                          .model = *model,
                          .summary = {},
                          .covariance = {}};
  fit.summary.converged = true;
  fit.summary.log_likelihood = stored.log_likelihood();
  for (const v1::Parameter& parameter : stored.parameters()) {
    fit.summary.parameters.push_back(
        {parameter.name(), parameter.value(), parameter.standard_error(), true});
  }
  fit.covariance.assign(stored.covariance().begin(), stored.covariance().end());
  return fit;
}

}  // namespace

std::string CohortOf(CivilDays start_day) {
  return FormatDate(FirstDayOfMonth(MonthIndex(start_day))).substr(0, 7);
}

RetentionFits::RetentionFits(const v1::ValueModel& model) {
  for (const v1::RetentionFit& stored : model.retention()) {
    auto fit = Read(stored);
    if (!fit) continue;
    const bool is_new = by_cohort_.emplace(stored.cohort(), size()).second;
    if (is_new) entries_.push_back({stored.cohort(), *std::move(fit)});
  }
}

int RetentionFits::IndexOf(std::string_view cohort) const {
  const auto found = by_cohort_.find(cohort);
  return found == by_cohort_.end() ? -1 : found->second;
}

int RetentionFits::IndexFor(CivilDays start_day) const {
  if (empty()) return -1;
  const int own = IndexOf(CohortOf(start_day));
  return own >= 0 ? own : IndexOf(kAllCohorts);
}

}  // namespace rapport::facts

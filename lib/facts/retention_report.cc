// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/retention_report.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/facts/model_parameters.h"
#include "lib/facts/retention_fits.h"
#include "lib/facts/subscriptions.h"

namespace rapport::facts {
namespace {

constexpr double kLevel = 0.95;
constexpr int kProjectedPeriods = 12;  // Beyond what anybody has lived to.

// The better of both kinds by BIC; nullopt when neither can be fitted.
std::optional<value::RetentionFit> FitBest(const std::vector<value::RetentionRow>& rows) {
  std::optional<value::RetentionFit> best;
  for (const auto kind :
       {value::RetentionKind::kShiftedBetaGeometric, value::RetentionKind::kBetaDiscreteWeibull}) {
    value::RetentionFitOptions options;
    options.kind = kind;
    auto fit = value::FitRetention(rows, options);
    if (!fit.ok()) continue;
    const bool better = !best || (fit->summary.usable() && (!best->summary.usable() ||
                                                            fit->summary.bic < best->summary.bic));
    if (better) best = *std::move(fit);
  }
  return best;
}

// Customers who met renewal t, and those of them who made it.
struct AtRisk {
  double met = 0, made = 0;
};
std::vector<AtRisk> AtRiskOf(const std::vector<value::RetentionRow>& rows) {
  std::vector<AtRisk> at_risk;
  for (const value::RetentionRow& row : rows) {
    if (at_risk.size() <= row.periods) at_risk.resize(row.periods + 1);
    for (uint32_t t = 1; t <= row.periods; ++t) {
      const bool left = row.churned && t == row.periods;
      at_risk[t].met += row.weight;
      at_risk[t].made += left ? 0 : row.weight;
    }
  }
  return at_risk;
}

}  // namespace

void RetentionSums::Add(const Settings& settings, const Fold& fold, CivilDays as_of) {
  for (const SubscriptionSpell& spell : SpellsAt(fold, as_of)) {
    ++spells_[{MonthIndex(spell.start_day), spell.days / settings.subscription_period_days,
               spell.ended}];
  }
}

void RetentionSums::Merge(const RetentionSums& other) {
  for (const auto& [key, count] : other.spells_) spells_[key] += count;
}

std::vector<value::RetentionRow> RetentionSums::RowsOf(std::optional<int32_t> month) const {
  std::vector<value::RetentionRow> rows;
  for (const auto& [key, count] : spells_) {
    if (month && key.month != *month) continue;
    // One that ended within its period n + 1 left at renewal n + 1.
    const auto periods = static_cast<uint32_t>(key.ended ? key.renewals + 1 : key.renewals);
    rows.push_back({periods, key.ended, static_cast<double>(count)});
  }
  return rows;
}

void RetentionSums::DescribeFit(const value::RetentionFit& fit, const std::string& cohort,
                                const std::vector<value::RetentionRow>& rows,
                                v1::RetentionFit& out) const {
  out.set_cohort(cohort);
  out.set_model(std::string(value::NameOf(fit.kind)));
  DescribeParameters(fit.summary, fit.summary.parameters.size(), *out.mutable_parameters());
  out.set_log_likelihood(fit.summary.log_likelihood);
  out.set_usable(fit.summary.usable());
  out.mutable_covariance()->Assign(fit.covariance.begin(), fit.covariance.end());
  double all = 0, ended = 0;
  for (const value::RetentionRow& row : rows) {
    all += row.weight;
    if (row.churned) ended += row.weight;
  }
  out.set_subscription_count(std::llround(all));
  out.set_ended_count(std::llround(ended));
  const std::vector<AtRisk> at_risk = AtRiskOf(rows);
  double observed = 1;
  const auto observed_periods = static_cast<int>(at_risk.size());
  for (int t = 0; t < observed_periods + kProjectedPeriods; ++t) {
    v1::RetentionPoint& point = *out.add_curve();
    point.set_period(t);
    point.set_fitted(fit.model.Survival(t));
    if (t < observed_periods) {
      const AtRisk& here = at_risk[static_cast<size_t>(t)];
      if (here.met > 0) observed *= here.made / here.met;
      point.set_at_risk(std::llround(t == 0 ? all : here.met));
      if (t == 0 || here.met > 0) point.set_observed(observed);
    }
    const auto interval = value::SurvivalInterval(fit, t, kLevel);
    if (t == 0 || !interval) continue;
    point.mutable_interval()->set_low(interval->low);
    point.mutable_interval()->set_high(interval->high);
    point.mutable_interval()->set_level(kLevel);
    point.mutable_interval()->set_method("parameters, delta method");
  }
}

void RetentionSums::Describe(const Settings& settings, v1::ValueModel& stored) const {
  stored.clear_retention();
  if (spells_.empty()) return;
  const double rate =
      std::pow(1 + settings.annual_discount_rate, settings.subscription_period_days / 365.0) - 1;
  const auto add = [&](std::optional<int32_t> month) {
    const auto rows = RowsOf(month);
    const auto fit = FitBest(rows);
    if (!fit || (month && !fit->summary.usable())) return;
    v1::RetentionFit& out = *stored.add_retention();
    DescribeFit(*fit, month ? CohortOf(FirstDayOfMonth(*month)) : kAllCohorts, rows, out);
    out.set_period_days(settings.subscription_period_days);
    if (const auto residual = fit->model.Derl(1, rate)) out.set_residual_periods(*residual);
  };
  add(std::nullopt);
  std::set<int32_t> months;
  for (const auto& [key, count] : spells_) months.insert(key.month);
  for (const int32_t month : months) add(month);
}

std::optional<math::Interval> SubscriptionChurn(const Settings& settings,
                                                const v1::ValueModel& model,
                                                const SubscriptionSpell& spell) {
  const RetentionFits fits(model);
  const int fit = fits.IndexFor(spell.start_day);
  if (fit < 0) return std::nullopt;
  return ChurnOf(settings, fits.at(fit).fit, spell.days);
}

}  // namespace rapport::facts

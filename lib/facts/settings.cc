// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "lib/base/status_macros.h"
#include "lib/facts/facts.h"
#include "lib/facts/model_parameters.h"
#include "lib/lifecycle/stage.h"

namespace rapport::facts {

absl::StatusOr<Settings> SettingsOf(const v1::Workspace& workspace) {
  Settings settings;
  const WeekStart week_start =
      workspace.week_start() == v1::WEEK_START_SUNDAY ? WeekStart::kSunday : WeekStart::kMonday;
  const std::string zone = workspace.time_zone().empty() ? "UTC" : workspace.time_zone();
  ASSIGN_OR_RETURN(settings.calendar, Calendar::Create(zone, week_start));
  const std::string currency =
      workspace.base_currency().empty() ? "EUR" : workspace.base_currency();
  ASSIGN_OR_RETURN(settings.base_currency, PackCurrency(currency));
  settings.rules = lifecycle::CompleteRules(workspace.lifecycle_rules());
  if (workspace.has_annual_discount_rate()) {
    settings.annual_discount_rate = workspace.annual_discount_rate();
  }
  if (workspace.value_horizon_days() > 0) {
    settings.value_horizon_days = workspace.value_horizon_days();
  }
  const v1::ValueSettings& value = workspace.value_settings();
  if (!value.purchase_model().empty()) settings.purchase_model = value.purchase_model();
  if (value.time_unit_days() > 0) settings.time_unit_days = value.time_unit_days();
  if (value.has_margin()) settings.margin = value.margin();
  if (value.churn_horizon_days() > 0) settings.churn_horizon_days = value.churn_horizon_days();
  if (value.subscription_period_days() > 0) {
    settings.subscription_period_days = value.subscription_period_days();
  }
  settings.channel_covariate = value.channel_covariate();
  settings.model_by_channel = value.model_by_channel() || value.model_by() == kChannelGroups;
  if (value.model_by() != kChannelGroups) settings.model_by_attribute = value.model_by();
  settings.covariate_attributes.assign(value.covariate_attributes().begin(),
                                       value.covariate_attributes().end());
  settings.require_spend_mean = value.require_spend_mean();
  return settings;
}

std::vector<std::string> AttributeKeys(const Settings& settings, const WorkspaceModel* model) {
  std::set<std::string> keys(settings.covariate_attributes.begin(),
                             settings.covariate_attributes.end());
  keys.insert(settings.model_by_attribute);
  if (model != nullptr) {
    const v1::ValueModel& stored = model->value_model();
    for (const v1::Covariate& column : stored.covariates()) keys.insert(column.attribute());
    if (stored.grouped_by() != kChannelGroups) keys.insert(stored.grouped_by());
  }
  keys.erase("");
  return {keys.begin(), keys.end()};
}

}  // namespace rapport::facts

// SPDX-License-Identifier: Apache-2.0
// Settings of a workspace: defaults and limits, as workspace.proto states them.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/money.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/checks.h"
#include "lib/events/workspace_events.h"

namespace rapport::events {
namespace {

constexpr size_t kMaxWorkspaceIdBytes = 63;
constexpr size_t kMaxDisplayNameBytes = 256;
constexpr int64_t kDefaultToleranceSeconds = 86'400;
constexpr int64_t kMaxToleranceSeconds = 366 * 86'400;
constexpr double kDefaultDiscountRate = 0.10;
constexpr double kMaxDiscountRate = 10;
constexpr int kDefaultHorizonDays = 365;
constexpr int kMaxDays = 3650;
constexpr int kMaxOrders = 1'000'000;

absl::Status OutOfRange(std::string_view field, std::string_view text) {
  return InvalidField(Cat("workspace.", field), "OUT_OF_RANGE", text);
}

// Fills a rule that was left out; 1 <= rule <= most.
absl::Status Complete(int32_t& rule, int32_t standard, int32_t most, std::string_view field) {
  if (rule == 0) rule = standard;
  if (rule >= 1 && rule <= most) return absl::OkStatus();
  return OutOfRange(Cat("lifecycle_rules.", field), Cat("must lie between 1 and ", most));
}

absl::Status CompleteRules(v1::LifecycleRules& rules) {
  const auto complete = [&](int32_t value, auto set, int32_t standard, int32_t most,
                            std::string_view field) {
    const absl::Status status = Complete(value, standard, most, field);
    (rules.*set)(value);
    return status;
  };
  using Rules = v1::LifecycleRules;
  RETURN_IF_ERROR(complete(rules.new_days(), &Rules::set_new_days, 30, kMaxDays, "new_days"));
  RETURN_IF_ERROR(
      complete(rules.at_risk_days(), &Rules::set_at_risk_days, 90, kMaxDays, "at_risk_days"));
  RETURN_IF_ERROR(
      complete(rules.dormant_days(), &Rules::set_dormant_days, 180, kMaxDays, "dormant_days"));
  RETURN_IF_ERROR(
      complete(rules.churned_days(), &Rules::set_churned_days, 365, kMaxDays, "churned_days"));
  RETURN_IF_ERROR(
      complete(rules.loyal_orders(), &Rules::set_loyal_orders, 4, kMaxOrders, "loyal_orders"));
  RETURN_IF_ERROR(complete(rules.loyal_tenure_days(), &Rules::set_loyal_tenure_days, 90, kMaxDays,
                           "loyal_tenure_days"));
  RETURN_IF_ERROR(
      complete(rules.won_back_days(), &Rules::set_won_back_days, 60, kMaxDays, "won_back_days"));
  if (rules.at_risk_days() >= rules.dormant_days()) {
    return OutOfRange("lifecycle_rules.dormant_days", "must be more than at_risk_days");
  }
  if (rules.dormant_days() >= rules.churned_days()) {
    return OutOfRange("lifecycle_rules.churned_days", "must be more than dormant_days");
  }
  return absl::OkStatus();
}

absl::Status CompletePlace(v1::Workspace& workspace) {
  RETURN_IF_ERROR(
      CheckText(workspace.display_name(), kMaxDisplayNameBytes, "workspace.display_name"));
  if (workspace.time_zone().empty()) workspace.set_time_zone("UTC");
  // "localtime" and file paths would make answers depend on the machine.
  const bool named = workspace.time_zone() != "localtime" && workspace.time_zone()[0] != '/' &&
                     workspace.time_zone()[0] != ':';
  if (!named || !Calendar::Create(workspace.time_zone(), WeekStart::kMonday).ok()) {
    return InvalidField("workspace.time_zone", "UNKNOWN_TIME_ZONE",
                        "is not an IANA time zone such as Europe/Berlin");
  }
  if (workspace.base_currency().empty()) workspace.set_base_currency("EUR");
  if (!PackCurrency(workspace.base_currency()).ok()) {
    return InvalidField("workspace.base_currency", "BAD_CURRENCY", "is not an ISO 4217 code");
  }
  if (workspace.week_start() == v1::WEEK_START_UNSPECIFIED) {
    workspace.set_week_start(v1::WEEK_START_MONDAY);
  }
  if (!v1::WeekStart_IsValid(workspace.week_start()))
    return OutOfRange("week_start", "is no week start");
  return absl::OkStatus();
}

constexpr const char* kPurchaseModels[] = {"auto",      "bg_nbd",     "mbg_nbd", "pareto_nbd",
                                           "bg_cnbd_k", "mbg_cnbd_k", "bg_bb",   "nbd"};

constexpr int kMaxCovariateAttributes = 8;
constexpr size_t kMaxAttributeKeyBytes = 64;
constexpr char kChannelGroups[] = "channel";

absl::Status CheckAttributeKey(const std::string& key, const std::string& field) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  if (!key.empty() && key.size() <= kMaxAttributeKeyBytes && std::ranges::all_of(key, allowed)) {
    return absl::OkStatus();
  }
  return InvalidField(field, "BAD_KEY", "a key is 1-64 of [a-z0-9_.]");
}

// What models tell customers apart by.
absl::Status CheckTraits(const v1::ValueSettings& value) {
  const std::string field = "workspace.value_settings.covariate_attributes";
  if (value.covariate_attributes_size() > kMaxCovariateAttributes) {
    return InvalidField(field, "TOO_MANY", "at most 8");
  }
  std::set<std::string> keys;
  for (int i = 0; i < value.covariate_attributes_size(); ++i) {
    const std::string& key = value.covariate_attributes(i);
    RETURN_IF_ERROR(CheckAttributeKey(key, Cat(field, "[", i, "]")));
    if (!keys.insert(key).second) {
      return InvalidField(Cat(field, "[", i, "]"), "DUPLICATE", "is named twice");
    }
  }
  if (value.model_by().empty()) return absl::OkStatus();
  if (value.model_by_channel() && value.model_by() != kChannelGroups) {
    return InvalidField("workspace.value_settings.model_by", "CONFLICT",
                        "models are by channel already (model_by_channel)");
  }
  return CheckAttributeKey(value.model_by(), "workspace.value_settings.model_by");
}

absl::Status CompleteValueSettings(v1::Workspace& workspace) {
  v1::ValueSettings& value = *workspace.mutable_value_settings();
  if (value.purchase_model().empty()) value.set_purchase_model("auto");
  if (std::ranges::find(kPurchaseModels, value.purchase_model()) == std::end(kPurchaseModels)) {
    return InvalidField("workspace.value_settings.purchase_model", "UNKNOWN_MODEL",
                        "must be auto or a model's name such as mbg_nbd");
  }
  if (value.time_unit_days() == 0) value.set_time_unit_days(7);
  if (!(value.time_unit_days() >= 1 && value.time_unit_days() <= 366)) {
    return OutOfRange("value_settings.time_unit_days", "must lie between 1 and 366");
  }
  if (!value.has_margin()) value.set_margin(1);
  if (!(value.margin() >= 0 && value.margin() <= 1)) {
    return OutOfRange("value_settings.margin", "must lie between 0 and 1");
  }
  if (value.churn_horizon_days() == 0) value.set_churn_horizon_days(90);
  if (value.churn_horizon_days() < 1 || value.churn_horizon_days() > 730) {
    return OutOfRange("value_settings.churn_horizon_days", "must lie between 1 and 730");
  }
  if (value.subscription_period_days() == 0) value.set_subscription_period_days(30);
  if (value.subscription_period_days() < 1 || value.subscription_period_days() > 366) {
    return OutOfRange("value_settings.subscription_period_days", "must lie between 1 and 366");
  }
  return CheckTraits(value);
}

absl::Status CompleteValue(v1::Workspace& workspace) {
  if (!workspace.has_annual_discount_rate())
    workspace.set_annual_discount_rate(kDefaultDiscountRate);
  const double rate = workspace.annual_discount_rate();
  if (!std::isfinite(rate) || rate < 0 || rate >= kMaxDiscountRate) {
    return OutOfRange("annual_discount_rate", "must be >= 0 and < 10");
  }
  if (workspace.value_horizon_days() == 0) workspace.set_value_horizon_days(kDefaultHorizonDays);
  if (workspace.value_horizon_days() < 1 || workspace.value_horizon_days() > kMaxDays) {
    return OutOfRange("value_horizon_days", "must lie between 1 and 3650");
  }
  return CompleteValueSettings(workspace);
}

absl::Status CompleteTolerance(v1::Workspace& workspace) {
  if (!workspace.has_future_tolerance()) {
    workspace.mutable_future_tolerance()->set_seconds(kDefaultToleranceSeconds);
  }
  const auto& tolerance = workspace.future_tolerance();
  const bool good = tolerance.seconds() >= 0 && tolerance.seconds() <= kMaxToleranceSeconds &&
                    tolerance.nanos() >= 0 && tolerance.nanos() < 1'000'000'000;
  return good ? absl::OkStatus()
              : OutOfRange("future_tolerance", "must lie between 0 and 366 days");
}

}  // namespace

absl::Status CheckWorkspaceId(std::string_view id, std::string_view field) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool good = !id.empty() && id.size() <= kMaxWorkspaceIdBytes && is_letter(id[0]) &&
                    std::ranges::all_of(id, [&](char c) {
                      return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
                    });
  if (good) return absl::OkStatus();
  return InvalidField(field, "BAD_WORKSPACE_ID",
                      "must be 1-63 of a-z, 0-9 and -, starting with a letter");
}

absl::Status CompleteWorkspace(v1::Workspace& workspace) {
  RETURN_IF_ERROR(CompletePlace(workspace));
  RETURN_IF_ERROR(CompleteTolerance(workspace));
  RETURN_IF_ERROR(CompleteValue(workspace));
  return CompleteRules(*workspace.mutable_lifecycle_rules());
}

}  // namespace rapport::events

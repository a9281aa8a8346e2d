// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/subscription_what_if.h"

#include <cmath>

#include "lib/base/status_macros.h"
#include "lib/facts/subscriptions.h"
#include "lib/facts/wire.h"
#include "lib/value/clv.h"
#include "lib/value/what_if.h"

namespace rapport::facts {
namespace {

constexpr double kMicros = static_cast<double>(kMicrosPerUnit);
constexpr double kYearDays = 365;

__int128 Whole(double number) { return static_cast<__int128>(std::nearbyint(number)); }

RetentionFits FitsOf(const WorkspaceModel* model) {
  return RetentionFits(model == nullptr ? v1::ValueModel() : model->value_model());
}

}  // namespace

SubscriptionWhatIf::SubscriptionWhatIf(const Settings& settings, const WorkspaceModel* model,
                                       const v1::AskWhatIfRequest& request)
    : settings_(settings),
      fits_(FitsOf(model)),
      leaving_change_(request.leaving_change()),
      money_change_(1 + request.order_value_change()),
      changed_margin_(request.has_margin() ? request.margin() : settings.margin) {}

void SubscriptionWhatIf::Add(const v1::SubscriptionValue& value) {
  for (const v1::RunningSubscription& running : value.running()) {
    const int fit = fits_.IndexOf(running.cohort());
    if (fit < 0) continue;
    Group& group = groups_[{fit, running.renewals(), running.next_renewal_days()}];
    ++group.subscriptions;
    group.monthly_micros += running.monthly_recurring_revenue().micros();
    ++subscriptions_;
  }
}

absl::Status SubscriptionWhatIf::Predict(const Key& key, const Group& group) {
  const auto [fit, made, wait] = key;
  const double year = 1 + settings_.annual_discount_rate;
  const double rate = std::pow(year, settings_.subscription_period_days / kYearDays) - 1;
  ASSIGN_OR_RETURN(
      const value::ContractualWhatIf renewals,
      value::RenewalsWhatIf(fits_.at(fit).fit.model, made, RenewalsDue(settings_, wait), rate,
                            value::RetentionChange{.leaving = leaving_change_}));
  const double money = PaymentOf(settings_, 1) * kMicros *
                       static_cast<double>(group.monthly_micros) *
                       std::pow(year, -wait / kYearDays);
  sums_.baseline += Whole(renewals.renewals_before * money * settings_.margin);
  sums_.changed += Whole(renewals.renewals_after * money * money_change_ * changed_margin_);
  const double count = static_cast<double>(group.subscriptions) * kMicros;
  sums_.baseline_renewals += Whole(renewals.count_before * count);
  sums_.changed_renewals += Whole(renewals.count_after * count);
  return absl::OkStatus();
}

absl::Status SubscriptionWhatIf::Finish(v1::AskWhatIfResponse& response) {
  for (const auto& [key, group] : groups_) RETURN_IF_ERROR(Predict(key, group));
  groups_.clear();
  const std::string currency = UnpackCurrency(settings_.base_currency);
  const auto set = [&](__int128 micros, v1::Money& out) {
    SetMoney(value::ClvMicros(static_cast<double>(micros) / kMicros), currency, out);
  };
  set(sums_.baseline, *response.mutable_baseline_subscriptions());
  set(sums_.changed, *response.mutable_changed_subscriptions());
  response.set_baseline_renewals(static_cast<double>(sums_.baseline_renewals) / kMicros);
  response.set_changed_renewals(static_cast<double>(sums_.changed_renewals) / kMicros);
  response.set_subscription_count(subscriptions_);
  return absl::OkStatus();
}

}  // namespace rapport::facts

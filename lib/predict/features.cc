// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/features.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace rapport::predict {
namespace {

constexpr double kLargest = 1e15;
constexpr int kTrendWeeks = 12;

constexpr std::string_view kSubscriptionLevels[] = {"none", "active", "ended"};

constexpr FeatureSpec kCustomerFeatures[] = {
    {"recency_days", Transform::kLog1p, true, Unit::kCount, "days since the last order",
     "no order for {} days", "no order yet"},
    {"tenure_days", Transform::kLog1p, false, Unit::kCount, "days as a customer",
     "customer for {} days", "age as a customer unknown"},
    {"orders_30", Transform::kLog1p, false, Unit::kCount, "orders in the last 30 days",
     "{} orders in the last 30 days", "orders unknown"},
    {"orders_90", Transform::kLog1p, false, Unit::kCount, "orders in the last 90 days",
     "{} orders in the last 90 days", "orders unknown"},
    {"orders_365", Transform::kLog1p, false, Unit::kCount, "orders in the last 365 days",
     "{} orders in the last 365 days", "orders unknown"},
    {"revenue_90", Transform::kLog1p, false, Unit::kAmount, "revenue in the last 90 days",
     "revenue of {} in the last 90 days", "revenue unknown"},
    {"revenue_365", Transform::kLog1p, false, Unit::kAmount, "revenue in the last 365 days",
     "revenue of {} in the last 365 days", "revenue unknown"},
    {"mean_order_value", Transform::kLog1p, true, Unit::kAmount, "mean value of an order",
     "mean order value of {}", "no order value yet"},
    {"discounted_order_share", Transform::kIdentity, true, Unit::kShare,
     "share of orders of the last 365 days with a discount", "{} of orders with a discount",
     "no order in the last 365 days"},
    {"active_days_30", Transform::kLog1p, false, Unit::kCount, "active days in the last 30 days",
     "active on {} of the last 30 days", "activity unknown"},
    {"active_days_change", Transform::kIdentity, false, Unit::kChange,
     "active days in the last 30 days less those in the 30 days before",
     "active days changed by {} against the 30 days before", "change of activity unknown"},
    {"activity_slope", Transform::kIdentity, false, Unit::kChange,
     "change of active days a week, over 12 weeks", "active days a week change by {} each week",
     "trend of activity unknown"},
    {"sessions_30", Transform::kLog1p, false, Unit::kCount, "sessions in the last 30 days",
     "{} sessions in the last 30 days", "sessions unknown"},
    {"days_since_session", Transform::kLog1p, true, Unit::kCount, "days since the last session",
     "no session for {} days", "no session yet"},
    {"last_nps", Transform::kIdentity, true, Unit::kCount,
     "last answer to the recommendation question, 0 to 10", "last recommendation score {}",
     "no recommendation score yet"},
    {"last_csat", Transform::kIdentity, true, Unit::kShare,
     "last answer to the satisfaction question, as a share of its scale",
     "last satisfaction answer at {} of the scale", "no satisfaction answer yet"},
    {"open_tickets", Transform::kLog1p, false, Unit::kCount, "open tickets", "{} open tickets",
     "tickets unknown"},
    {"tickets_90", Transform::kLog1p, false, Unit::kCount, "tickets in the last 90 days",
     "{} tickets in the last 90 days", "tickets unknown"},
    {"complaints_90", Transform::kLog1p, false, Unit::kCount, "complaints in the last 90 days",
     "{} complaints in the last 90 days", "complaints unknown"},
    {"failed_payments_90", Transform::kLog1p, false, Unit::kCount,
     "failed payments in the last 90 days", "{} failed payments in the last 90 days",
     "payments unknown"},
    {"subscription", Transform::kOneHot, true, Unit::kCount, "subscription: none, active or ended",
     "subscription: {}", "subscription unknown", kSubscriptionLevels},
    {"opt_outs", Transform::kLog1p, false, Unit::kCount, "channels the customer opted out of",
     "opted out of {} channels", "consent unknown"},
    {"human_touches_90", Transform::kLog1p, false, Unit::kCount,
     "conversations with our people in the last 90 days",
     "{} conversations with our people in the last 90 days", "conversations unknown"},
};
static_assert(std::size(kCustomerFeatures) == kFeatureCount);

std::string Printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value == 0 ? 0.0 : value);  // No "-0".
  return text;
}

bool Whole(double value) { return std::fabs(value - std::round(value)) < 0.05; }

}  // namespace

FeatureTable CustomerFeatures() { return kCustomerFeatures; }

std::optional<size_t> FeatureIndex(FeatureTable table, std::string_view name) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i].name == name) return i;
  }
  return std::nullopt;
}

double Transformed(const FeatureSpec& spec, double value) {
  if (std::isnan(value)) return kMissing;
  value = std::clamp(value, -kLargest, kLargest);
  switch (spec.transform) {
    case Transform::kIdentity:
      return value;
    case Transform::kLog1p:
      return std::copysign(std::log1p(std::fabs(value)), value);
    case Transform::kFlag:
      return value != 0 ? 1 : 0;
    case Transform::kOneHot:
      break;
  }
  const bool known =
      value >= 0 && value < static_cast<double>(spec.levels.size()) && value == std::floor(value);
  return known ? value : kMissing;
}

double Untransformed(const FeatureSpec& spec, double transformed) {
  if (spec.transform != Transform::kLog1p) return transformed;
  return std::copysign(std::expm1(std::fabs(transformed)), transformed);
}

std::string ShowValue(const FeatureSpec& spec, double value) {
  if (spec.transform == Transform::kOneHot) {
    const double level = Transformed(spec, value);
    return std::string(std::isnan(level) ? "unknown" : spec.levels[static_cast<size_t>(level)]);
  }
  if (std::isnan(value)) return "unknown";
  if (spec.transform == Transform::kFlag) return value != 0 ? "yes" : "no";
  switch (spec.unit) {
    case Unit::kAmount:
      return Printed("%.2f", std::round(value * 100) / 100);
    case Unit::kShare:
      return Printed("%.0f %%", std::round(value * 100));
    case Unit::kChange:
      if (std::fabs(value) < 0.05) return "0";
      return Printed(Whole(value) ? "%+.0f" : "%+.1f", value);
    case Unit::kCount:
      break;
  }
  if (std::fabs(value) >= 10 || Whole(value)) return Printed("%.0f", std::round(value));
  return Printed("%.1f", value);
}

ActivityTrend TrendOf(std::span<const CivilDays> active_days, CivilDays cutoff) {
  ActivityTrend trend;
  std::array<int, kTrendWeeks> weeks{};  // weeks[0] is the last one.
  const auto end = std::upper_bound(active_days.begin(), active_days.end(), cutoff);
  for (auto day = end; day != active_days.begin();) {
    --day;
    const CivilDays age = cutoff - *day;
    if (age >= 7 * kTrendWeeks) break;
    if (day + 1 != end && *(day + 1) == *day) continue;
    trend.active_days_30 += age < 30;
    trend.active_days_before += age >= 30 && age < 60;
    ++weeks[static_cast<size_t>(age / 7)];
  }
  constexpr double kMiddle = (kTrendWeeks - 1) / 2.0;
  double moved = 0, spread = 0;
  for (int week = 0; week < kTrendWeeks; ++week) {
    const double time = kMiddle - week;
    moved += time * weeks[static_cast<size_t>(week)];
    spread += time * time;
  }
  trend.slope = moved / spread;
  return trend;
}

}  // namespace rapport::predict

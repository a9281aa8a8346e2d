// SPDX-License-Identifier: Apache-2.0
#include "lib/value/rfm.h"

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::value {
namespace {

// What is wrong with a history: empty reason when nothing is.
struct Fault {
  const char* field = "";
  const char* reason = "";
  const char* text = "";
};

Fault FaultOf(const PurchaseHistory& history) {
  const double t_x = history.recency_days;
  const double age = history.age_days;
  if (!std::isfinite(t_x)) return {"recency_days", "NOT_FINITE", "must be a number of days"};
  if (!std::isfinite(age)) return {"age_days", "NOT_FINITE", "must be a number of days"};
  if (!std::isfinite(history.sum_log_gap_days)) {
    return {"sum_log_gap_days", "NOT_FINITE", "must be a number"};
  }
  if (t_x < 0) return {"recency_days", "NEGATIVE", "must be >= 0"};
  if (age < 0) return {"age_days", "NEGATIVE", "must be >= 0"};
  if (t_x > age) return {"recency_days", "RECENCY_AFTER_AGE", "must not exceed age_days"};
  if (history.frequency == 0 && t_x > 0) {
    return {"recency_days", "RECENCY_WITHOUT_REPEAT", "must be 0 without a repeat purchase"};
  }
  if (history.frequency > 0 && t_x == 0) {
    return {"recency_days", "RECENCY_MISSING", "must be > 0 with a repeat purchase"};
  }
  return {};
}

absl::Status StatusOf(const Fault& fault, const std::string& prefix) {
  return InvalidField(Cat(prefix, fault.field), fault.reason, fault.text);
}

}  // namespace

absl::Status ValidateHistory(const PurchaseHistory& history, const std::string& prefix) {
  const Fault fault = FaultOf(history);
  return *fault.reason == '\0' ? absl::OkStatus() : StatusOf(fault, prefix);
}

absl::Status ValidateRow(const PurchaseHistory& history, size_t row) {
  const Fault fault = FaultOf(history);
  return *fault.reason == '\0' ? absl::OkStatus() : StatusOf(fault, Cat("rows[", row, "]."));
}

absl::StatusOr<std::optional<OrderSummary>> SummarizeOrders(std::span<const Order> orders,
                                                            CivilDays as_of) {
  OrderSummary summary;
  for (size_t i = 0; i < orders.size(); ++i) {
    const Order& order = orders[i];
    if (i > 0 && order.day < orders[i - 1].day) {
      return InvalidField(Cat("orders[", i, "].day"), "UNSORTED",
                          "must not precede the one before");
    }
    if (order.day > as_of) continue;
    if (summary.rfm.orders == 0) summary.first_day = order.day;
    const bool new_day = summary.rfm.orders == 0 || order.day != summary.last_day;
    if (new_day && summary.rfm.orders > 0) {
      summary.history.sum_log_gap_days += std::log(order.day - summary.last_day);
    }
    if (new_day) ++summary.rfm.orders;
    summary.last_day = order.day;
    summary.rfm.monetary_micros += order.value_micros;
    if (summary.rfm.orders == 1) summary.first_value_micros += order.value_micros;
  }
  if (summary.rfm.orders == 0) return std::optional<OrderSummary>();
  summary.rfm.recency_days = as_of - summary.last_day;
  summary.history.frequency = summary.rfm.orders - 1;
  summary.history.recency_days = summary.last_day - summary.first_day;
  summary.history.age_days = as_of - summary.first_day;
  summary.history.repeat_value_micros = summary.rfm.monetary_micros - summary.first_value_micros;
  return std::optional<OrderSummary>(summary);
}

uint32_t CountOrderDays(std::span<const Order> orders, CivilDays after, CivilDays until) {
  uint32_t days = 0;
  CivilDays last = after;
  for (const Order& order : orders) {
    if (order.day <= last || order.day > until) continue;
    ++days;
    last = order.day;
  }
  return days;
}

std::string RfmScores::Cell() const { return Cat(recency, frequency, monetary); }

void RfmHistogram::Add(const RfmValues& values) {
  recency_.Add(values.recency_days);
  orders_.Add(values.orders);
  monetary_.Add(values.monetary_micros);
}

void RfmHistogram::Merge(const RfmHistogram& other) {
  recency_.Merge(other.recency_);
  orders_.Merge(other.orders_);
  monetary_.Merge(other.monetary_);
}

RfmScorer::RfmScorer(const RfmHistogram& histogram)
    : recency_(math::RankCuts::Make(histogram.recency_, 5, math::Better::kLower)),
      frequency_(math::RankCuts::Make(histogram.orders_, 5, math::Better::kHigher)),
      monetary_(math::RankCuts::Make(histogram.monetary_, 5, math::Better::kHigher)) {}

RfmScorer::RfmScorer(math::RankCuts recency, math::RankCuts frequency, math::RankCuts monetary)
    : recency_(std::move(recency)),
      frequency_(std::move(frequency)),
      monetary_(std::move(monetary)) {}

RfmScores RfmScorer::Score(const RfmValues& values) const {
  return {recency_.Score(values.recency_days), frequency_.Score(values.orders),
          monetary_.Score(values.monetary_micros)};
}

}  // namespace rapport::value

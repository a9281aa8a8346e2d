// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/facts/facts.h"
#include "lib/facts/reports.h"
#include "lib/facts/wire.h"
#include "lib/lifecycle/stage.h"

namespace rapport::facts {
namespace {

// Orders and refunds up to one day.
struct Orders {
  int64_t order_days = 0;
  CivilDays first_day = 0;
  CivilDays last_day = 0;
  Micros ordered = 0;
  Micros repeat_net = 0;  // Orders and refunds after the first order day.
  Micros refunded = 0;
  double sum_log_gap_days = 0;
};

Orders OrdersUpTo(const Fold& fold, CivilDays day) {
  Orders orders;
  ForEachDay(fold.order_days(), day, [&](int i, CivilDays at) {
    if (orders.order_days == 0) {
      orders.first_day = at;
    } else {
      orders.repeat_net += fold.order_micros(i);
      orders.sum_log_gap_days += std::log(at - orders.last_day);
    }
    ++orders.order_days;
    orders.last_day = at;
    orders.ordered += fold.order_micros(i);
  });
  ForEachDay(fold.refund_days(), day, [&](int i, CivilDays at) {
    orders.refunded += fold.refund_micros(i);
    if (at > orders.first_day) orders.repeat_net -= fold.refund_micros(i);
  });
  return orders;
}

value::PurchaseHistory HistoryOf(const Orders& orders, CivilDays day) {
  value::PurchaseHistory history;
  if (orders.order_days == 0) return history;
  history.frequency = static_cast<uint32_t>(orders.order_days - 1);
  history.recency_days = orders.last_day - orders.first_day;
  history.age_days = day - orders.first_day;
  history.sum_log_gap_days = orders.sum_log_gap_days;
  if (history.frequency > 0) {
    history.repeat_value_micros = std::max<Micros>(0, orders.repeat_net);
  }
  return history;
}

std::string CauseOf(const store::v1::StageStep& step) {
  return lifecycle::Cause(static_cast<lifecycle::Rule>(step.rule()), step.evidence());
}

void ProjectLifecycle(const Fold& fold, TimeMicros as_of, v1::CustomerFacts& facts) {
  const store::v1::StageStep* current = nullptr;
  auto previous = v1::LIFECYCLE_STAGE_UNSPECIFIED;
  for (const store::v1::StageStep& step : fold.steps()) {
    if (step.time_micros() > as_of) break;
    if (current != nullptr) previous = current->stage();
    current = &step;
  }
  if (current == nullptr) return;
  v1::Lifecycle& lifecycle = *facts.mutable_lifecycle();
  lifecycle.set_stage(current->stage());
  SetTime(current->time_micros(), *lifecycle.mutable_since());
  lifecycle.set_previous_stage(previous);
  lifecycle.set_cause(CauseOf(*current));
}

}  // namespace

Projection Project(const Settings& settings, const Fold& fold, TimeMicros as_of) {
  Projection projection;
  v1::CustomerFacts& facts = projection.facts;
  ProjectLifecycle(fold, as_of, facts);
  *facts.mutable_summary() = fold.summary();
  const CivilDays as_of_day = settings.calendar.DayOf(as_of);
  const Orders orders = OrdersUpTo(fold, as_of_day);
  if (orders.order_days == 0) return projection;
  projection.has_orders = true;
  projection.purchases = HistoryOf(orders, as_of_day);
  facts.set_acquisition_cohort(FormatDate(FirstDayOfMonth(MonthIndex(orders.first_day))));
  facts.set_acquisition_channel(static_cast<v1::Channel>(fold.first_order_channel()));
  v1::Rfm& rfm = *facts.mutable_rfm();
  rfm.set_recency_days(as_of_day - orders.last_day);
  rfm.set_frequency(orders.order_days);
  SetMoney(orders.ordered - orders.refunded, UnpackCurrency(settings.base_currency),
           *rfm.mutable_monetary());
  return projection;
}

value::PurchaseHistory HistoryAt(const Settings&, const Fold& fold, CivilDays day) {
  value::PurchaseHistory history = HistoryOf(OrdersUpTo(fold, day), day);
  if (fold.order_days_size() == 0) {
    history.age_days = -1;
  } else if (fold.order_days(0) > day) {
    history.age_days = day - fold.order_days(0);
  }
  return history;
}

uint32_t PurchaseDaysAfter(const Fold& fold, CivilDays day) {
  uint32_t count = 0;
  CivilDays at = 0;
  for (const int32_t delta : fold.order_days()) {
    at += delta;
    if (at > day) ++count;
  }
  return count;
}

std::vector<v1::Transition> TransitionsOf(const Fold& fold, TimeMicros as_of) {
  std::vector<v1::Transition> transitions;
  auto from = v1::LIFECYCLE_STAGE_UNSPECIFIED;
  for (const store::v1::StageStep& step : fold.steps()) {
    if (step.time_micros() > as_of) break;
    v1::Transition& transition = transitions.emplace_back();
    transition.set_from_stage(from);
    transition.set_to_stage(step.stage());
    SetTime(step.time_micros(), *transition.mutable_transition_time());
    transition.set_cause(CauseOf(step));
    from = step.stage();
  }
  return transitions;
}

}  // namespace rapport::facts

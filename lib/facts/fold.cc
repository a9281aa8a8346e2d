// SPDX-License-Identifier: Apache-2.0
#include "lib/base/day_clock.h"
#include "lib/facts/facts.h"
#include "lib/facts/signals.h"
#include "lib/facts/summary.h"
#include "lib/facts/wire.h"
#include "lib/lifecycle/stage.h"
#include "rapport/v1/event.pb.h"

namespace rapport::facts {
namespace {

class Folder {
 public:
  Folder(const Settings& settings, Fold& fold)
      : settings_(settings),
        fold_(fold),
        days_(settings.calendar),
        trajectory_(settings.rules),
        signals_(settings.base_currency),
        order_days_(*fold.mutable_order_days()),
        refund_days_(*fold.mutable_refund_days()),
        active_days_(*fold.mutable_active_days()) {}

  void Add(const EventColumns& event) {
    summary_.Add(event);
    trajectory_.Add({event.time, event.value, event.aux, event.type});
    if (event.type == v1::EVENT_TYPE_ORDER_REFUNDED) return AddRefund(event);
    const CivilDays day = days_.DayOf(event.time);
    signals_.Add(event, day);
    if (!lifecycle::IsActivity(event.type)) return;
    if (!active_days_.EndsWith(day)) active_days_.Add(day);
    if (lifecycle::IsOrder(event.type)) AddOrder(event, day);
  }

  void Finish() {
    trajectory_.Finish();
    summary_.WriteTo(*fold_.mutable_summary());
    signals_.WriteTo(fold_);
    for (const lifecycle::Step& step : trajectory_.steps()) {
      store::v1::StageStep& out = *fold_.add_steps();
      out.set_time_micros(step.time);
      out.set_stage(step.stage);
      out.set_rule(static_cast<uint32_t>(step.rule));
      out.set_evidence(step.evidence);
    }
    DayWriter membership(*fold_.mutable_membership_days());
    for (const TimeMicros time : trajectory_.membership()) membership.Add(days_.DayOf(time));
  }

 private:
  bool InBaseCurrency(const EventColumns& event) const {
    return event.currency == 0 || event.currency == settings_.base_currency;
  }

  void AddOrder(const EventColumns& event, CivilDays day) {
    // Of several first orders at the same time, the smallest channel number: their order
    // means nothing.
    if (fold_.order_days().empty()) {
      first_order_time_ = event.time;
      fold_.set_first_order_channel(event.channel);
    } else if (event.time == first_order_time_ && event.channel < fold_.first_order_channel()) {
      fold_.set_first_order_channel(event.channel);
    }
    if (!order_days_.EndsWith(day)) {
      order_days_.Add(day);
      fold_.add_order_micros(0);
      fold_.add_order_counts(0);
    }
    const int last = fold_.order_counts_size() - 1;
    fold_.set_order_counts(last, fold_.order_counts(last) + 1);
    if (InBaseCurrency(event)) {
      fold_.set_order_micros(last, fold_.order_micros(last) + event.value);
    } else {
      fold_.set_foreign_currency_orders(fold_.foreign_currency_orders() + 1);
    }
  }

  void AddRefund(const EventColumns& event) {
    if (!InBaseCurrency(event)) return;
    const CivilDays day = days_.DayOf(event.time);
    if (!refund_days_.EndsWith(day)) {
      refund_days_.Add(day);
      fold_.add_refund_micros(0);
    }
    const int last = fold_.refund_micros_size() - 1;
    fold_.set_refund_micros(last, fold_.refund_micros(last) + event.value);
  }

  const Settings& settings_;
  Fold& fold_;
  DayClock days_;
  lifecycle::Trajectory trajectory_;
  SummarySums summary_;
  SignalSums signals_;
  TimeMicros first_order_time_ = 0;
  DayWriter order_days_, refund_days_, active_days_;
};

}  // namespace

Fold FoldEvents(const Settings& settings, std::span<const EventColumns> events, TimeMicros as_of) {
  Fold fold;
  Folder folder(settings, fold);
  for (const EventColumns& event : events) {
    if (event.time > as_of) {
      fold.set_has_later_events(true);
      break;
    }
    folder.Add(event);
  }
  folder.Finish();
  return fold;
}

}  // namespace rapport::facts

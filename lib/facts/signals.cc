// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/signals.h"

#include <algorithm>
#include <tuple>

#include "lib/facts/subscriptions.h"
#include "lib/facts/wire.h"
#include "lib/lifecycle/stage.h"
#include "rapport/v1/event.pb.h"

namespace rapport::facts {

namespace {

bool IsSignal(uint16_t type) {
  switch (type) {
    case v1::EVENT_TYPE_NPS_ANSWERED:
    case v1::EVENT_TYPE_CSAT_ANSWERED:
    case v1::EVENT_TYPE_TICKET_OPENED:
    case v1::EVENT_TYPE_TICKET_REOPENED:
    case v1::EVENT_TYPE_TICKET_RESOLVED:
    case v1::EVENT_TYPE_COMPLAINT_MADE:
    case v1::EVENT_TYPE_PAYMENT_FAILED:
    case v1::EVENT_TYPE_ORDER_PLACED:
    case v1::EVENT_TYPE_BOOKING_MADE:
    case v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED:
    case v1::EVENT_TYPE_CONSENT_WITHDRAWN:
    case v1::EVENT_TYPE_CONSENT_GIVEN:
    case v1::EVENT_TYPE_HUMAN_TOUCH:
    case v1::EVENT_TYPE_SESSION_ENDED:
    case v1::EVENT_TYPE_SUBSCRIPTION_STARTED:
    case v1::EVENT_TYPE_SUBSCRIPTION_RENEWED:
    case v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED:
    case v1::EVENT_TYPE_SUBSCRIPTION_DOWNGRADED:
    case v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED:
      return true;
    default:
      return false;
  }
}

}  // namespace

void SignalSums::Count(Signal signal, CivilDays day, int64_t by) {
  std::vector<Entry>& entries = Of(signal);
  if (entries.empty() || entries.back().day != day) entries.push_back({day, 0});
  entries.back().value += by;
}

void SignalSums::Last(Signal signal, CivilDays day, int64_t value) {
  std::vector<Entry>& entries = Of(signal);
  if (entries.empty() || entries.back().day != day) entries.push_back({day, 0});
  entries.back().value = value;
}

void SignalSums::AddSubscription(const EventColumns& event, CivilDays day) {
  const auto same = [&](const Running& running) { return running.subscription == event.aux; };
  const auto found = std::find_if(running_.begin(), running_.end(), same);
  if (event.type == v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED) {
    if (found == running_.end()) return;
    Entry& entry = Of(Signal::kSubscription)[found->entry];
    entry.value = day - entry.day + 1;
    running_.erase(found);
  } else if (found != running_.end()) {
    SetRate(event, day, *found);
  } else if (event.type == v1::EVENT_TYPE_SUBSCRIPTION_STARTED ||
             event.type == v1::EVENT_TYPE_SUBSCRIPTION_RENEWED) {
    running_.push_back({event.aux, Of(Signal::kSubscription).size()});
    Of(Signal::kSubscription).push_back({day, 0});
    SetRate(event, day, running_.back());
  }
}

// An event without an amount leaves it as it was. The last of a day holds.
void SignalSums::SetRate(const EventColumns& event, CivilDays day, Running& running) {
  if (event.currency == 0 && event.value == 0) return;
  const bool base = event.currency == 0 || event.currency == base_currency_;
  const Micros monthly = base ? event.value : kForeignCurrency;
  if (running.rate && rates_[*running.rate].day == day) {
    rates_[*running.rate].monthly = monthly;
  } else if (!running.rate || rates_[*running.rate].monthly != monthly) {
    running.rate = rates_.size();
    rates_.push_back({running.entry, day, monthly});
  }
}

void SignalSums::Add(const EventColumns& event, CivilDays day) {
  if (!IsSignal(event.type)) return;
  if (!waiting_.empty() && waiting_.front().time != event.time) TakeWaiting();
  waiting_.push_back(event);
  waiting_day_ = day;
}

void SignalSums::TakeWaiting() {
  const auto order = [](const EventColumns& event) {
    return std::tuple(event.type, event.value, event.aux, event.currency);
  };
  std::sort(waiting_.begin(), waiting_.end(),
            [&](const auto& a, const auto& b) { return order(a) < order(b); });
  for (const EventColumns& event : waiting_) Take(event, waiting_day_);
  waiting_.clear();
}

void SignalSums::Take(const EventColumns& event, CivilDays day) {
  switch (event.type) {
    case v1::EVENT_TYPE_NPS_ANSWERED:
      return Last(Signal::kNps, day, event.value);
    case v1::EVENT_TYPE_CSAT_ANSWERED:
      if (event.aux < 2) return;
      return Last(Signal::kCsat, day, (event.value - 1) * 1000 / (event.aux - 1));
    case v1::EVENT_TYPE_TICKET_OPENED:
    case v1::EVENT_TYPE_TICKET_REOPENED:
      return Count(Signal::kTicketOpened, day);
    case v1::EVENT_TYPE_TICKET_RESOLVED:
      return Count(Signal::kTicketResolved, day);
    case v1::EVENT_TYPE_COMPLAINT_MADE:
      return Count(Signal::kComplaint, day);
    case v1::EVENT_TYPE_PAYMENT_FAILED:
      return Count(Signal::kFailedPayment, day);
    case v1::EVENT_TYPE_ORDER_PLACED:
    case v1::EVENT_TYPE_BOOKING_MADE:
      if (event.aux % 1000 > 0) Count(Signal::kDiscountedOrder, day);
      return;
    case v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED:
    case v1::EVENT_TYPE_CONSENT_WITHDRAWN:
      return Count(Signal::kOptOut, day);
    case v1::EVENT_TYPE_CONSENT_GIVEN:
      return Count(Signal::kOptOut, day, -1);
    case v1::EVENT_TYPE_HUMAN_TOUCH:
      return Count(Signal::kHumanTouch, day);
    case v1::EVENT_TYPE_SESSION_ENDED:
      return Count(Signal::kSession, day);
    case v1::EVENT_TYPE_SUBSCRIPTION_STARTED:
    case v1::EVENT_TYPE_SUBSCRIPTION_RENEWED:
    case v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED:
    case v1::EVENT_TYPE_SUBSCRIPTION_DOWNGRADED:
    case v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED:
      return AddSubscription(event, day);
    default:
      return;
  }
}

void SignalSums::WriteTo(Fold& fold) {
  TakeWaiting();
  for (int kind = 1; kind <= kSignalKinds; ++kind) {
    const std::vector<Entry>& entries = entries_[static_cast<size_t>(kind - 1)];
    if (entries.empty()) continue;
    store::v1::SignalDays& out = *fold.add_signals();
    out.set_kind(kind);
    DayWriter days(*out.mutable_days());
    for (const Entry& entry : entries) {
      days.Add(entry.day);
      out.add_values(entry.value);
    }
  }
  WriteRates(fold);
}

void SignalSums::WriteRates(Fold& fold) {
  std::stable_sort(rates_.begin(), rates_.end(),
                   [](const Rate& a, const Rate& b) { return a.entry < b.entry; });
  for (size_t at = 0; at < rates_.size();) {
    store::v1::SubscriptionRevenue& revenue = *fold.add_subscription_revenue();
    const size_t entry = rates_[at].entry;
    revenue.set_spell(static_cast<int32_t>(entry));
    DayWriter days(*revenue.mutable_days());
    for (; at < rates_.size() && rates_[at].entry == entry; ++at) {
      days.Add(rates_[at].day);
      revenue.add_mrr_micros(rates_[at].monthly);
    }
  }
}

namespace {

using store::v1::SignalDays;

// What a kind adds up to in (after, until].
struct Window {
  double sum = 0;
  int entries = 0;
  CivilDays last_day = 0;
  int64_t last_value = 0;
};

Window Read(const Fold& fold, Signal signal, CivilDays after, CivilDays until) {
  Window window;
  for (const SignalDays& signals : fold.signals()) {
    if (signals.kind() != static_cast<int>(signal)) continue;
    ForEachDay(signals.days(), until, [&](int i, CivilDays day) {
      if (day <= after) return;
      window.sum += static_cast<double>(signals.values(i));
      ++window.entries;
      window.last_day = day;
      window.last_value = signals.values(i);
    });
  }
  return window;
}

constexpr CivilDays kEver = INT32_MIN;

struct OrderWindow {
  double orders = 0;
  Micros micros = 0;
};

OrderWindow OrdersIn(const Fold& fold, CivilDays after, CivilDays until) {
  OrderWindow window;
  ForEachDay(fold.order_days(), until, [&](int i, CivilDays day) {
    if (day <= after) return;
    window.orders += fold.order_counts(i);
    window.micros += fold.order_micros(i);
  });
  ForEachDay(fold.refund_days(), until, [&](int i, CivilDays day) {
    if (day > after) window.micros -= fold.refund_micros(i);
  });
  return window;
}

double Units(Micros micros) {
  return static_cast<double>(micros) / static_cast<double>(kMicrosPerUnit);
}

using predict::Feature;
using predict::FeatureVector;

void SetOrders(const Fold& fold, CivilDays cutoff, FeatureVector& out) {
  CivilDays first = 0, last = 0;
  bool any = false;
  ForEachDay(fold.order_days(), cutoff, [&](int, CivilDays day) {
    if (!any) first = day;
    any = true;
    last = day;
  });
  const OrderWindow year = OrdersIn(fold, cutoff - 365, cutoff);
  const OrderWindow quarter = OrdersIn(fold, cutoff - 90, cutoff);
  const OrderWindow ever = OrdersIn(fold, kEver, cutoff);
  if (any) out[Feature::kRecencyDays] = cutoff - last;
  out[Feature::kOrders30] = OrdersIn(fold, cutoff - 30, cutoff).orders;
  out[Feature::kOrders90] = quarter.orders;
  out[Feature::kOrders365] = year.orders;
  out[Feature::kRevenue90] = Units(quarter.micros);
  out[Feature::kRevenue365] = Units(year.micros);
  if (ever.orders > 0) out[Feature::kMeanOrderValue] = Units(ever.micros) / ever.orders;
  if (year.orders > 0) {
    out[Feature::kDiscountedShare] =
        Read(fold, Signal::kDiscountedOrder, cutoff - 365, cutoff).sum / year.orders;
  }
}

void SetActivity(const Fold& fold, CivilDays cutoff, FeatureVector& out) {
  std::vector<CivilDays> active;
  ForEachDay(fold.active_days(), cutoff, [&](int, CivilDays day) { active.push_back(day); });
  if (!active.empty()) out[Feature::kTenureDays] = cutoff - active.front();
  const predict::ActivityTrend trend = predict::TrendOf(active, cutoff);
  out[Feature::kActiveDays30] = trend.active_days_30;
  out[Feature::kActiveDaysChange] = trend.change();
  out[Feature::kActivitySlope] = trend.slope;
  out[Feature::kSessions30] = Read(fold, Signal::kSession, cutoff - 30, cutoff).sum;
  const Window sessions = Read(fold, Signal::kSession, kEver, cutoff);
  if (sessions.entries > 0) out[Feature::kDaysSinceSession] = cutoff - sessions.last_day;
}

void SetSignals(const Fold& fold, CivilDays cutoff, FeatureVector& out) {
  const auto recent = [&](Signal signal) { return Read(fold, signal, cutoff - 90, cutoff).sum; };
  const Window nps = Read(fold, Signal::kNps, kEver, cutoff);
  const Window csat = Read(fold, Signal::kCsat, kEver, cutoff);
  if (nps.entries > 0) out[Feature::kLastNps] = static_cast<double>(nps.last_value);
  if (csat.entries > 0) out[Feature::kLastCsat] = static_cast<double>(csat.last_value) / 1000;
  out[Feature::kOpenTickets] =
      std::max(0.0, Read(fold, Signal::kTicketOpened, kEver, cutoff).sum -
                        Read(fold, Signal::kTicketResolved, kEver, cutoff).sum);
  out[Feature::kTickets90] = recent(Signal::kTicketOpened);
  out[Feature::kComplaints90] = recent(Signal::kComplaint);
  out[Feature::kFailedPayments90] = recent(Signal::kFailedPayment);
  out[Feature::kOptOuts] = std::max(0.0, Read(fold, Signal::kOptOut, kEver, cutoff).sum);
  out[Feature::kHumanTouches90] = recent(Signal::kHumanTouch);
}

predict::SubscriptionState StateAt(const Fold& fold, CivilDays cutoff) {
  auto state = predict::SubscriptionState::kNone;
  for (const SubscriptionSpell& spell : SpellsAt(fold, cutoff)) {
    if (!spell.ended) return predict::SubscriptionState::kActive;
    state = predict::SubscriptionState::kEnded;
  }
  return state;
}

}  // namespace

std::vector<SubscriptionSpell> SpellsAt(const Fold& fold, CivilDays cutoff) {
  std::vector<SubscriptionSpell> spells;
  for (const SignalDays& signals : fold.signals()) {
    if (signals.kind() != static_cast<int>(Signal::kSubscription)) continue;
    ForEachDay(signals.days(), cutoff, [&](int i, CivilDays start) {
      const auto days = static_cast<int32_t>(signals.values(i));
      const bool ended = days > 0 && start + days - 1 <= cutoff;
      spells.push_back({start, ended ? days - 1 : cutoff - start, ended});
    });
  }
  return spells;
}

FeatureVector FeaturesAt(const Fold& fold, CivilDays cutoff) {
  FeatureVector features;
  SetOrders(fold, cutoff, features);
  SetActivity(fold, cutoff, features);
  SetSignals(fold, cutoff, features);
  features[Feature::kSubscription] = static_cast<double>(StateAt(fold, cutoff));
  return features;
}

void AddSignals(const Settings& settings, const Fold& fold, TimeMicros as_of,
                Projection& projection) {
  const CivilDays day = settings.calendar.DayOf(as_of);
  projection.features = FeaturesAt(fold, day);
  projection.subscriptions = SubscriptionsAt(settings, fold, day);
}

}  // namespace rapport::facts

// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/summary.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "lib/facts/wire.h"
#include "lib/lifecycle/stage.h"
#include "rapport/v1/event.pb.h"

namespace rapport::facts {
namespace {

// Numbers of v1.EventType: cognitive 10-29, emotional 30-49, behavioural 50-79,
// transactional 80-99; -1 for the rest.
int EngagementOf(uint16_t type) {
  if (type < 10 || type > 99) return -1;
  if (type < 30) return 0;
  if (type < 50) return 1;
  return type < 80 ? 2 : 3;
}

void MergeFirst(const google::protobuf::Timestamp& other, google::protobuf::Timestamp& time) {
  if (TimeOf(other) < TimeOf(time)) time = other;
}
void MergeLast(const google::protobuf::Timestamp& other, google::protobuf::Timestamp& time) {
  if (TimeOf(other) > TimeOf(time)) time = other;
}

// True when `a` is the later answer.
bool LaterAnswer(const v1::LastAnswer& a, const v1::LastAnswer& b) {
  return std::tuple(TimeOf(a.answer_time()), -a.score(), -a.scale()) >
         std::tuple(TimeOf(b.answer_time()), -b.score(), -b.scale());
}

void MergeAnswer(const v1::LastAnswer& other, v1::LastAnswer& answer) {
  const int64_t count = answer.answer_count() + other.answer_count();
  if (answer.answer_count() == 0 || LaterAnswer(other, answer)) answer = other;
  answer.set_answer_count(count);
}

using MoneyList = google::protobuf::RepeatedPtrField<v1::Money>;

// Sums by currency, in alphabetical order.
void MergeMoney(const MoneyList& other, MoneyList& money) {
  if (other.empty()) return;
  std::map<std::string, int64_t> sums;
  for (const v1::Money& amount : money) sums[amount.currency()] += amount.micros();
  for (const v1::Money& amount : other) sums[amount.currency()] += amount.micros();
  money.Clear();
  for (const auto& [currency, micros] : sums) SetMoney(micros, currency, *money.Add());
}

}  // namespace

void SummarySums::Add(const EventColumns& event) {
  if (events_ == 0) {
    first_ = last_ = event.time;
  } else {
    first_ = std::min(first_, event.time);
    last_ = std::max(last_, event.time);
  }
  ++events_;
  if (const int kind = EngagementOf(event.type); kind >= 0) ++engagement_[kind];
  switch (event.type) {
    case v1::EVENT_TYPE_ORDER_PLACED:
    case v1::EVENT_TYPE_BOOKING_MADE:
    case v1::EVENT_TYPE_ORDER_REFUNDED:
      return AddMoney(event);
    case v1::EVENT_TYPE_NPS_ANSWERED:
      return nps_.Add(event);
    case v1::EVENT_TYPE_CSAT_ANSWERED:
      return csat_.Add(event);
    case v1::EVENT_TYPE_CES_ANSWERED:
      return ces_.Add(event);
    case v1::EVENT_TYPE_TICKET_OPENED:
      ++tickets_;
      return;
    default:
      return;
  }
}

void SummarySums::AddMoney(const EventColumns& event) {
  Amounts& amounts = AmountsIn(event.currency);
  if (event.type == v1::EVENT_TYPE_ORDER_REFUNDED) {
    amounts.net -= event.value;
    amounts.refunded += event.value;
    return;
  }
  amounts.net += event.value;
  first_order_ = orders_ == 0 ? event.time : std::min(first_order_, event.time);
  last_order_ = orders_ == 0 ? event.time : std::max(last_order_, event.time);
  ++orders_;
}

SummarySums::Amounts& SummarySums::AmountsIn(CurrencyCode currency) {
  for (Amounts& amounts : amounts_) {
    if (amounts.currency == currency) return amounts;
  }
  amounts_.push_back({currency, 0, 0});
  return amounts_.back();
}

void SummarySums::Answers::Add(const EventColumns& event) {
  const bool later = count == 0 || std::tuple(event.time, -event.value, -event.aux) >
                                       std::tuple(time, -score, -scale);
  ++count;
  if (!later) return;
  time = event.time;
  score = event.value;
  scale = event.aux;
}

void SummarySums::Answers::WriteTo(v1::LastAnswer& answer) const {
  answer.set_score(static_cast<int32_t>(score));
  answer.set_scale(static_cast<int32_t>(scale));
  SetTime(time, *answer.mutable_answer_time());
  answer.set_answer_count(count);
}

void SummarySums::WriteTo(v1::CustomerSummary& summary) const {
  if (events_ == 0) return;
  SetTime(first_, *summary.mutable_first_event_time());
  SetTime(last_, *summary.mutable_last_event_time());
  summary.set_event_count(events_);
  if (orders_ > 0) {
    summary.set_order_count(orders_);
    SetTime(first_order_, *summary.mutable_first_order_time());
    SetTime(last_order_, *summary.mutable_last_order_time());
  }
  auto sorted = amounts_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Amounts& a, const Amounts& b) { return a.currency < b.currency; });
  for (const Amounts& amounts : sorted) {
    const std::string currency = UnpackCurrency(amounts.currency);
    SetMoney(amounts.net, currency, *summary.add_net_revenue());
    if (amounts.refunded != 0) SetMoney(amounts.refunded, currency, *summary.add_refunded());
  }
  if (nps_.count > 0) nps_.WriteTo(*summary.mutable_last_nps());
  if (csat_.count > 0) csat_.WriteTo(*summary.mutable_last_csat());
  if (ces_.count > 0) ces_.WriteTo(*summary.mutable_last_ces());
  summary.set_ticket_count(tickets_);
  if (engagement_[0] + engagement_[1] + engagement_[2] + engagement_[3] == 0) return;
  v1::EngagementCounts& engagement = *summary.mutable_engagement();
  engagement.set_cognitive(engagement_[0]);
  engagement.set_emotional(engagement_[1]);
  engagement.set_behavioural(engagement_[2]);
  engagement.set_transactional(engagement_[3]);
}

void AddToSummary(const EventColumns& event, v1::CustomerSummary& summary) {
  SummarySums sums;
  sums.Add(event);
  v1::CustomerSummary added;
  sums.WriteTo(added);
  MergeSummary(added, summary);
}

void MergeSummary(const v1::CustomerSummary& other, v1::CustomerSummary& summary) {
  if (other.event_count() == 0) return;
  if (summary.event_count() == 0) {
    summary = other;
    return;
  }
  MergeFirst(other.first_event_time(), *summary.mutable_first_event_time());
  MergeLast(other.last_event_time(), *summary.mutable_last_event_time());
  summary.set_event_count(summary.event_count() + other.event_count());
  if (other.order_count() > 0) {
    if (summary.order_count() == 0) {
      *summary.mutable_first_order_time() = other.first_order_time();
      *summary.mutable_last_order_time() = other.last_order_time();
    }
    MergeFirst(other.first_order_time(), *summary.mutable_first_order_time());
    MergeLast(other.last_order_time(), *summary.mutable_last_order_time());
    summary.set_order_count(summary.order_count() + other.order_count());
  }
  MergeMoney(other.net_revenue(), *summary.mutable_net_revenue());
  MergeMoney(other.refunded(), *summary.mutable_refunded());
  if (other.has_last_nps()) MergeAnswer(other.last_nps(), *summary.mutable_last_nps());
  if (other.has_last_csat()) MergeAnswer(other.last_csat(), *summary.mutable_last_csat());
  if (other.has_last_ces()) MergeAnswer(other.last_ces(), *summary.mutable_last_ces());
  summary.set_ticket_count(summary.ticket_count() + other.ticket_count());
  if (!other.has_engagement()) return;
  const v1::EngagementCounts& from = other.engagement();
  v1::EngagementCounts& to = *summary.mutable_engagement();
  to.set_cognitive(to.cognitive() + from.cognitive());
  to.set_emotional(to.emotional() + from.emotional());
  to.set_behavioural(to.behavioural() + from.behavioural());
  to.set_transactional(to.transactional() + from.transactional());
}

}  // namespace rapport::facts

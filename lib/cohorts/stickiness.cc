// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/stickiness.h"

#include <algorithm>
#include <optional>

#include "lib/base/text.h"
#include "lib/cohorts/shares.h"

namespace rapport::cohorts {

StickinessCount::StickinessCount(const ActivityPlan& plan, int32_t minimum_events)
    : plan_(plan),
      minimum_events_(minimum_events),
      filter_(plan.filter()),
      buckets_(plan.scope().calendar, plan.granularity()) {
  const int32_t first = plan.first().value_or(plan.end());
  const Calendar& calendar = plan.scope().calendar;
  begin_ = calendar.StartOf(plan.StartOf(first));
  end_ = std::min(calendar.StartOf(plan.StartOf(plan.end())), plan.scope().as_of + 1);
  exactly_.resize(static_cast<size_t>(plan.end() - first) + 1);
}

void StickinessCount::Customer(const filter::CustomerEvents& customer) {
  if (!filter_.Begin(customer)) return;
  std::optional<int32_t> bucket;
  int32_t events = 0;
  size_t intervals = 0;
  for (size_t i = 0; i < customer.events.size(); ++i) {
    const TimeMicros time = customer.events[i].time;
    if (time >= end_) break;
    if (time < begin_ || !filter_.Has(customer, i)) continue;
    const int32_t own = buckets_.Of(time);
    if (bucket != own) events = 0;
    bucket = own;
    if (++events == minimum_events_) ++intervals;
  }
  ++exactly_[intervals];
}

void StickinessCount::Merge(const StickinessCount& other) {
  for (size_t i = 0; i < exactly_.size(); ++i) exactly_[i] += other.exactly_[i];
}

void StickinessCount::Fill(v1::QueryStickinessResponse* response) const {
  int64_t active = 0;
  int64_t intervals = 0;
  for (size_t i = 1; i < exactly_.size(); ++i) {
    active += exactly_[i];
    intervals += exactly_[i] * static_cast<int64_t>(i);
  }
  int64_t at_least = active;
  for (size_t i = 1; i < exactly_.size(); ++i) {
    v1::StickinessRow& row = *response->add_rows();
    row.set_intervals(static_cast<int32_t>(i));
    row.set_exactly(exactly_[i]);
    row.set_at_least(at_least);
    at_least -= exactly_[i];
    if (active == 0) continue;
    row.set_exact_share(static_cast<double>(row.exactly()) / static_cast<double>(active));
    row.set_cumulative_share(FillShare(row.at_least(), active, row.mutable_interval()));
  }
  response->set_active(active);
  response->set_interval_count(static_cast<int32_t>(exactly_.size()) - 1);
  if (active > 0) {
    response->set_mean_intervals(static_cast<double>(intervals) / static_cast<double>(active));
  }
  response->set_filter(plan_.filter().text);
  response->set_granularity(plan_.wire_granularity());
  v1::AnswerContext& context = *response->mutable_context();
  context.set_definition("stickiness");
  context.set_start_date(FormatDate(plan_.StartOf(plan_.first().value_or(plan_.end()))));
  context.set_end_date(FormatDate(plan_.StartOf(plan_.end())));
  context.set_sample_size(active);
  context.add_notes(plan_.BucketsInWords());
  if (plan_.end() > plan_.as_of_bucket()) {
    context.add_notes(Cat("the last ", Word(plan_.granularity()), " is not over"));
  }
}

}  // namespace rapport::cohorts

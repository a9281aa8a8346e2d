// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/growth_count.h"

#include <algorithm>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/cohorts/shares.h"
#include "lib/lifecycle/growth.h"

namespace rapport::cohorts {

using lifecycle::Presence;

void GrowthCount::Customer(const filter::CustomerEvents& customer) {
  if (!filter_.Begin(customer)) return;
  lifecycle::GrowthWalk walk(plan_.granularity(), plan_.scope().calendar.week_start());
  const auto visit = [this](CivilDays bucket, Presence presence) {
    Counts& counts = buckets_[bucket];
    switch (presence) {
      case Presence::kNew:
        ++counts.fresh;
        break;
      case Presence::kReturning:
        ++counts.returning;
        break;
      case Presence::kResurrecting:
        ++counts.resurrecting;
        break;
      case Presence::kDormant:
        ++counts.dormant;
        break;
    }
  };
  bool any = false;
  for (size_t i = 0; i < customer.events.size(); ++i) {
    if (customer.events[i].time > plan_.scope().as_of) break;
    if (!filter_.Has(customer, i)) continue;
    walk.Add(days_.DayOf(customer.events[i].time), visit);
    any = true;
  }
  if (any) ++customers_;
  walk.Finish(plan_.StartOf(plan_.as_of_bucket()), visit);
}

void GrowthCount::Merge(const GrowthCount& other) {
  customers_ += other.customers_;
  for (const auto& [bucket, more] : other.buckets_) {
    Counts& counts = buckets_[bucket];
    counts.fresh += more.fresh;
    counts.returning += more.returning;
    counts.resurrecting += more.resurrecting;
    counts.dormant += more.dormant;
  }
}

GrowthCount::Counts GrowthCount::Of(int32_t bucket) const {
  const auto found = buckets_.find(plan_.StartOf(bucket));
  return found == buckets_.end() ? Counts() : found->second;
}

void GrowthCount::AddBucket(int32_t bucket, v1::QueryGrowthResponse* response) const {
  const Counts counts = Of(bucket);
  v1::GrowthBucket& line = *response->add_buckets();
  line.set_start_date(FormatDate(plan_.StartOf(bucket)));
  line.set_dormant(counts.dormant);
  line.set_incomplete(bucket == plan_.as_of_bucket());
  if (bucket == plan_.end()) {
    line.set_after_range(true);
    return;
  }
  line.set_active(counts.fresh + counts.returning + counts.resurrecting);
  line.set_new_customers(counts.fresh);
  line.set_returning(counts.returning);
  line.set_resurrecting(counts.resurrecting);
  line.set_net_change(counts.fresh + counts.resurrecting - counts.dormant);
  const int64_t before = counts.returning + counts.dormant;
  if (before > 0) {
    line.set_kept_rate(FillShare(counts.returning, before, line.mutable_kept_interval()));
  }
  if (counts.dormant > 0) {
    line.set_quick_ratio(static_cast<double>(counts.fresh + counts.resurrecting) /
                         static_cast<double>(counts.dormant));
  }
}

absl::Status GrowthCount::Fill(v1::QueryGrowthResponse* response) const {
  int32_t first = plan_.end();
  if (plan_.first()) {
    first = *plan_.first();
  } else {
    for (const auto& [day, counts] : buckets_) {
      const WeekStart week_start = plan_.scope().calendar.week_start();
      first = std::min(first, OrdinalOf(day, plan_.granularity(), week_start));
    }
  }
  if (plan_.end() - first > kMaxBuckets) {
    return InvalidField(
        "start_date", "TOO_MANY_BUCKETS",
        Cat("there are more than ", kMaxBuckets, " ", Word(plan_.granularity()), "s"));
  }
  for (int32_t bucket = first; bucket < plan_.end(); ++bucket) AddBucket(bucket, response);
  if (first < plan_.end() && plan_.end() <= plan_.as_of_bucket()) AddBucket(plan_.end(), response);
  response->set_filter(plan_.filter().text);
  response->set_granularity(plan_.wire_granularity());
  v1::AnswerContext& context = *response->mutable_context();
  context.set_definition("growth_accounting");
  context.set_start_date(FormatDate(plan_.StartOf(first)));
  context.set_end_date(FormatDate(plan_.StartOf(plan_.end())));
  context.set_sample_size(customers_);
  context.add_notes(Cat(plan_.BucketsInWords(), ": new by the earliest event of the filter"));
  return absl::OkStatus();
}

}  // namespace rapport::cohorts

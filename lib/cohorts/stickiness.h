// SPDX-License-Identifier: Apache-2.0
// Stickiness: in how many intervals of a range customers were active, exactly and at least.
//
// Whole numbers: order and merges never matter. One per thread; 10 ns an event.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/cohorts/activity_plan.h"
#include "lib/filter/customer_events.h"
#include "rapport/v1/growth.pb.h"

namespace rapport::cohorts {

class StickinessCount {
 public:
  // `plan` outlives this and has a first bucket. An interval counts with `minimum_events`
  // (>= 1) events or more.
  StickinessCount(const ActivityPlan& plan, int32_t minimum_events);

  void Customer(const filter::CustomerEvents& customer);
  void Merge(const StickinessCount& other);
  // Fills all of an empty response but as_of, generation and view.
  void Fill(v1::QueryStickinessResponse* response) const;

 private:
  const ActivityPlan& plan_;
  const int32_t minimum_events_;
  TimeMicros begin_ = 0, end_ = 0;
  FilteredEvents filter_;
  OrdinalClock buckets_;
  std::vector<int64_t> exactly_;  // Customers by their number of intervals.
};

}  // namespace rapport::cohorts

// SPDX-License-Identifier: Apache-2.0
// What is counted of a funnel, or of one group of it: attempts by step and the times they
// took. Times are micros; whole numbers and multisets, so the order of Add and Merge never
// matters. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/event_columns.h"
#include "lib/journey/funnel_plan.h"
#include "lib/math/moments.h"
#include "lib/math/quantile_sketch.h"

namespace rapport::journey {

class FunnelSums {
 public:
  // With `keep_times` every time is kept, 16 bytes a step of an attempt; else sums by step,
  // and a sketch of the completion times.
  FunnelSums(const FunnelPlan& plan, bool keep_times);

  // `events` are the customer's. Completed or not, the window of an attempt that could go on
  // after `as_of` is open.
  void Add(const Attempt& attempt, std::span<const EventColumns> events, TimeMicros as_of);
  void Merge(const FunnelSums& other);

  // Of steps from 0; of order kAny of the number of steps less 1.
  int64_t count(int step) const { return counts_[static_cast<size_t>(step)]; }
  int64_t entered() const { return counts_.front(); }
  int64_t completed() const { return counts_.back(); }
  int64_t open() const { return open_; }
  const math::Moments& from_previous(int step) const { return At(step).from_previous; }
  const math::Moments& from_start(int step) const { return At(step).from_start; }
  // Empty unless they are kept. Not sorted. From the first step to the second only those
  // from the start are kept: they are the same.
  const std::vector<int64_t>& times_from_previous(int step) const { return At(step).previous; }
  const std::vector<int64_t>& times_from_start(int step) const { return At(step).start; }
  // Of those that completed; nothing if every time is kept.
  const math::QuantileSketch& completion() const { return completion_; }

 private:
  struct Times {
    math::Moments from_previous, from_start;
    std::vector<int64_t> previous, start;
  };
  const Times& At(int step) const { return times_[static_cast<size_t>(step)]; }
  void Reach(int step, TimeMicros since_previous, TimeMicros since_start);

  const FunnelPlan* plan_;
  bool keep_times_;
  std::vector<int64_t> counts_;
  int64_t open_ = 0;
  std::vector<Times> times_;
  math::QuantileSketch completion_;
};

}  // namespace rapport::journey

// SPDX-License-Identifier: Apache-2.0
// Attempts through a funnel whose steps may come in any order: each event of a step begins
// one, and it has made the steps of which an event lies in the window from then on.
//
// An exclusion in the window discards the attempt unless all steps came before it (PostHog).
// One pass from the last event to the first; steps operations for each distinct time.
// Keeps its memory between customers. Not thread-safe.
#pragma once

#include <array>
#include <span>

#include "lib/journey/funnel_plan.h"

namespace rapport::journey {

class AnyOrderWalk {
 public:
  explicit AnyOrderWalk(const FunnelPlan& plan) : plan_(plan) {}
  // Marks in order of time.
  void Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink);

 private:
  void Offer(TimeMicros start, AttemptSink sink) const;

  const FunnelPlan& plan_;
  uint32_t seen_ = 0;                          // Steps of which `next_` is set.
  std::array<const Mark*, kMaxSteps> next_{};  // First event of each step from here on.
  const Mark* exclusion_ = nullptr;            // First exclusion after here.
};

}  // namespace rapport::journey

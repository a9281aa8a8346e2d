// SPDX-License-Identifier: Apache-2.0
// The attempts of one customer that count: the best of all, the best of each session, or
// every one; each over the events that agree in what is held constant.
//
// Keeps its memory between customers. Not thread-safe.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lib/journey/any_order_walk.h"
#include "lib/journey/funnel_plan.h"
#include "lib/journey/ordered_walk.h"
#include "lib/journey/strict_walk.h"

namespace rapport::journey {

class AttemptFinder {
 public:
  // The plan must outlive it.
  explicit AttemptFinder(const FunnelPlan& plan)
      : plan_(plan), ordered_(plan), strict_(plan), any_(plan) {}
  // Marks in timeline order. `found` is told each attempt that counts.
  void Find(std::span<const Mark> marks, const StartRange& starts, AttemptSink found);

 private:
  void Unit(std::span<const Mark> marks, const StartRange& starts, AttemptSink found);
  void EachValue(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink);
  void Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink);

  const FunnelPlan& plan_;
  OrderedWalk ordered_;
  StrictWalk strict_;
  AnyOrderWalk any_;
  std::vector<Mark> by_value_, merged_;
};

}  // namespace rapport::journey

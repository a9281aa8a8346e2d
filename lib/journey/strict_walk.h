// SPDX-License-Identifier: Apache-2.0
// Attempts through a strict funnel: each event of an attempt follows the one before with no
// other event between. Optional steps may be left out.
//
// Events of one time stand in the order of the first step that each is, those that are none
// last. Cost: a few operations for each event and step that it is. Keeps its memory between
// customers. Not thread-safe.
#pragma once

#include <span>
#include <vector>

#include "lib/journey/funnel_plan.h"

namespace rapport::journey {

class StrictWalk {
 public:
  explicit StrictWalk(const FunnelPlan& plan);
  // Marks of every event that is seen, in order of time.
  void Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink);

 private:
  void Event(const Mark& mark, AttemptSink sink);
  void TryBegin(const Mark& mark, bool continued);
  bool TryStep(int step, const Mark& mark, uint32_t* extended);
  void EndOthers(const Mark& mark, uint32_t extended, AttemptSink sink);
  bool Excluded(const Attempt& attempt, const Mark& mark) const;
  void Complete(AttemptSink sink);

  const FunnelPlan& plan_;
  StartRange starts_;
  // Attempts by the last step that they made, before and after an event.
  std::vector<Attempt> before_, after_;
  uint32_t live_ = 0, next_ = 0;  // A bit for each of them that there is.
  bool may_begin_ = true;
  bool done_ = false;
  std::vector<Mark> sorted_;
};

}  // namespace rapport::journey

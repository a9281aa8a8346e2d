// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/any_order_walk.h"

#include <algorithm>

namespace rapport::journey {

void AnyOrderWalk::Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink) {
  seen_ = 0;
  exclusion_ = nullptr;
  const auto is_step = [](const Mark& mark) { return mark.steps != 0; };
  TimeMicros only = std::numeric_limits<TimeMicros>::max();
  if (plan_.anchor == Anchor::kFirst) {
    const auto first = std::ranges::find_if(
        marks, [&](const Mark& mark) { return is_step(mark) && starts.Holds(mark.time); });
    if (first == marks.end()) return;
    only = first->time;
  }
  for (size_t end = marks.size(); end > 0;) {
    const TimeMicros now = marks[end - 1].time;
    const Mark* exclusion = exclusion_;
    bool begins = false;
    for (; end > 0 && marks[end - 1].time == now; --end) {
      const Mark& mark = marks[end - 1];
      seen_ |= mark.steps;
      begins = begins || is_step(mark);
      for (uint32_t left = mark.steps; left != 0; left &= left - 1) {
        next_[static_cast<size_t>(std::countr_zero(left))] = &mark;
      }
      if (mark.exclusions != 0) exclusion = &mark;
    }
    const bool wanted = plan_.anchor == Anchor::kBest || now == only;
    if (begins && wanted && starts.Holds(now)) Offer(now, sink);
    exclusion_ = exclusion;
  }
}

void AnyOrderWalk::Offer(TimeMicros start, AttemptSink sink) const {
  Attempt attempt;
  attempt.start = attempt.reached = start;
  for (uint32_t left = seen_; left != 0; left &= left - 1) {
    const int step = std::countr_zero(left);
    const Mark& mark = *next_[static_cast<size_t>(step)];
    if (mark.time - start > plan_.window) continue;
    attempt.Take(step, mark);
    attempt.reached = std::max(attempt.reached, mark.time);
    ++attempt.furthest;
  }
  attempt.last = attempt.reached;
  const bool complete = attempt.furthest == plan_.last();
  const bool excluded = exclusion_ != nullptr && exclusion_->time - start <= plan_.window &&
                        !(complete && attempt.reached <= exclusion_->time);
  if (!excluded) sink(attempt);
}

}  // namespace rapport::journey

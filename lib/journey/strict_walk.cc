// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/strict_walk.h"

#include <algorithm>
#include <utility>

namespace rapport::journey {

StrictWalk::StrictWalk(const FunnelPlan& plan)
    : plan_(plan),
      before_(static_cast<size_t>(plan.steps)),
      after_(static_cast<size_t>(plan.steps)) {}

void StrictWalk::Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink) {
  starts_ = starts;
  live_ = 0;
  may_begin_ = true;
  done_ = false;
  sorted_.assign(marks.begin(), marks.end());
  std::ranges::stable_sort(sorted_, [](const Mark& a, const Mark& b) {
    if (a.time != b.time) return a.time < b.time;
    return std::countr_zero(a.steps) < std::countr_zero(b.steps);
  });
  for (const Mark& mark : sorted_) {
    Event(mark, sink);
    if (done_) return;
  }
  for (uint32_t left = live_; left != 0; left &= left - 1) {
    sink(before_[static_cast<size_t>(std::countr_zero(left))]);
  }
}

void StrictWalk::Event(const Mark& mark, AttemptSink sink) {
  next_ = 0;
  uint32_t extended = 0;
  for (uint32_t left = mark.steps & ~uint32_t{1}; left != 0; left &= left - 1) {
    TryStep(std::countr_zero(left), mark, &extended);
  }
  EndOthers(mark, extended, sink);
  if ((mark.steps & 1) != 0) TryBegin(mark, extended != 0);
  std::swap(before_, after_);
  live_ = next_;
  Complete(sink);
}

void StrictWalk::TryBegin(const Mark& mark, bool continued) {
  if (!starts_.Holds(mark.time) || !may_begin_) return;
  if (plan_.counting == Counting::kTotals && continued) return;
  if (plan_.anchor == Anchor::kFirst && plan_.counting != Counting::kTotals) may_begin_ = false;
  Attempt& attempt = after_[0];
  attempt = {};
  attempt.start = attempt.reached = mark.time;
  attempt.furthest = 0;
  attempt.Take(0, mark);
  next_ |= 1;
}

// Goes on from the attempt that began last of those for which `step` may be next.
bool StrictWalk::TryStep(int step, const Mark& mark, uint32_t* extended) {
  const Attempt* best = nullptr;
  for (int from = step - 1; from >= 0; --from) {
    const Attempt& attempt = before_[static_cast<size_t>(from)];
    const bool open = (live_ >> from & 1) != 0 && mark.time - attempt.start <= plan_.window;
    if (open) {
      *extended |= uint32_t{1} << from;
      if (best == nullptr || attempt.start > best->start) best = &attempt;
    }
    if (plan_.Required(from)) break;
  }
  if (best == nullptr) return false;
  Attempt& attempt = after_[static_cast<size_t>(step)];
  attempt = *best;
  attempt.Take(step, mark);
  if (plan_.Required(step)) {
    attempt.furthest = step;
    attempt.reached = mark.time;
  }
  next_ |= uint32_t{1} << step;
  return true;
}

bool StrictWalk::Excluded(const Attempt& attempt, const Mark& mark) const {
  if (mark.time == attempt.last || mark.time - attempt.start > plan_.window) return false;
  for (uint32_t left = mark.exclusions; left != 0; left &= left - 1) {
    const Exclusion& rule = plan_.exclusions[static_cast<size_t>(std::countr_zero(left))];
    if (rule.from <= attempt.furthest && attempt.furthest < rule.to) return true;
  }
  return false;
}

void StrictWalk::EndOthers(const Mark& mark, uint32_t extended, AttemptSink sink) {
  for (uint32_t left = live_ & ~extended; left != 0; left &= left - 1) {
    const Attempt& attempt = before_[static_cast<size_t>(std::countr_zero(left))];
    if (!Excluded(attempt, mark)) sink(attempt);
  }
}

void StrictWalk::Complete(AttemptSink sink) {
  if ((live_ >> plan_.last() & 1) == 0) return;
  sink(before_[static_cast<size_t>(plan_.last())]);
  live_ &= ~(uint32_t{1} << plan_.last());
  if (plan_.counting == Counting::kTotals) {
    live_ = 0;
  } else {
    done_ = true;
  }
}

}  // namespace rapport::journey

// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/funnel_sums.h"

#include <algorithm>
#include <array>

namespace rapport::journey {

FunnelSums::FunnelSums(const FunnelPlan& plan, bool keep_times)
    : plan_(&plan),
      keep_times_(keep_times),
      counts_(static_cast<size_t>(plan.steps)),
      times_(static_cast<size_t>(plan.steps)) {}

void FunnelSums::Reach(int step, TimeMicros since_previous, TimeMicros since_start) {
  ++counts_[static_cast<size_t>(step)];
  if (step == 0) return;
  Times& times = times_[static_cast<size_t>(step)];
  times.from_previous.Add(since_previous);
  times.from_start.Add(since_start);
  if (keep_times_) {
    if (step > 1) times.previous.push_back(since_previous);
    times.start.push_back(since_start);
  } else if (step == plan_->last()) {
    completion_.Add(since_start);
  }
}

void FunnelSums::Add(const Attempt& attempt, std::span<const EventColumns> events,
                     TimeMicros as_of) {
  std::array<TimeMicros, kMaxSteps> times;
  std::array<int, kMaxSteps> steps;
  size_t count = 0;
  for (int step = 0; step < plan_->steps; ++step) {
    if (!attempt.Took(step)) continue;
    steps[count] = step;
    times[count++] = events[attempt.events[static_cast<size_t>(step)]].time;
  }
  if (plan_->order == Order::kAny) {
    std::sort(times.begin(), times.begin() + count);
    for (size_t i = 0; i < count; ++i) steps[i] = static_cast<int>(i);
  }
  for (size_t i = 0; i < count; ++i) {
    Reach(steps[i], i == 0 ? 0 : times[i] - times[i - 1], times[i] - attempt.start);
  }
  const bool complete = attempt.furthest == plan_->last();
  if (!complete && as_of - attempt.start < plan_->window) ++open_;
}

void FunnelSums::Merge(const FunnelSums& other) {
  for (size_t i = 0; i < counts_.size(); ++i) {
    counts_[i] += other.counts_[i];
    Times& mine = times_[i];
    const Times& theirs = other.times_[i];
    mine.from_previous.Merge(theirs.from_previous);
    mine.from_start.Merge(theirs.from_start);
    mine.previous.insert(mine.previous.end(), theirs.previous.begin(), theirs.previous.end());
    mine.start.insert(mine.start.end(), theirs.start.begin(), theirs.start.end());
  }
  open_ += other.open_;
  completion_.Merge(other.completion_);
}

}  // namespace rapport::journey

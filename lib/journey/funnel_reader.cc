// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/funnel_reader.h"

#include <algorithm>

namespace rapport::journey {

void EventsInOrder(const Attempt& attempt, const FunnelPlan& plan, std::vector<uint32_t>& events) {
  events.clear();
  for (int step = 0; step < plan.steps; ++step) {
    if (attempt.Took(step)) events.push_back(attempt.events[static_cast<size_t>(step)]);
  }
  if (plan.order == Order::kAny) std::ranges::sort(events);  // Indices follow the timeline.
}

bool FunnelReader::Open(const filter::CustomerEvents& customer) {
  customer_ = &customer;
  marks_ = marker_.Read(customer);
  uint32_t steps = 0;
  for (const Mark& mark : marks_) steps |= mark.steps;
  return funnel_.plan().order == Order::kAny ? steps != 0 : (steps & 1) != 0;
}

StartRange FunnelReader::Starts(size_t range) const {
  return {funnel_.ranges()[range].begin, funnel_.ranges()[range].end};
}

void FunnelReader::Find(size_t range, AttemptSink found) {
  finder_.Find(marks_, Starts(range), found);
}

void FunnelReader::FindByValue(size_t range,
                               absl::FunctionRef<void(uint32_t, const Attempt&)> found) {
  codes_.clear();
  for (const Mark& mark : marks_) {
    codes_.push_back(funnel_.dimension()->CodeOf(*customer_, mark.index, properties_));
  }
  distinct_ = codes_;
  std::ranges::sort(distinct_);
  distinct_.erase(std::ranges::unique(distinct_).begin(), distinct_.end());
  for (const uint32_t code : distinct_) {
    chosen_.clear();
    for (size_t i = 0; i < marks_.size(); ++i) {
      if (codes_[i] == code || marks_[i].exclusions != 0) chosen_.push_back(marks_[i]);
      if (codes_[i] != code && marks_[i].exclusions != 0) chosen_.back().steps = 0;
    }
    finder_.Find(chosen_, Starts(range), [&](const Attempt& attempt) { found(code, attempt); });
  }
}

uint32_t FunnelReader::GroupOf(const Attempt& attempt, std::span<const uint32_t> codes) {
  const Dimension& dimension = *funnel_.dimension();
  if (dimension.of_customer()) return codes.empty() ? 0 : codes.front();
  const bool any_order = funnel_.plan().order == Order::kAny;
  if (funnel_.attribution() == v1::FUNNEL_ATTRIBUTION_STEP && !any_order) {
    const int step = funnel_.attribution_step();
    if (!attempt.Took(step)) return 0;
    return dimension.CodeOf(*customer_, attempt.events[static_cast<size_t>(step)], properties_);
  }
  EventsInOrder(attempt, funnel_.plan(), events_);
  if (funnel_.attribution() == v1::FUNNEL_ATTRIBUTION_STEP) events_.resize(1);
  if (funnel_.attribution() == v1::FUNNEL_ATTRIBUTION_LAST_TOUCH) std::ranges::reverse(events_);
  for (const uint32_t index : events_) {
    const uint32_t code = dimension.CodeOf(*customer_, index, properties_);
    if (code != 0) return code;
  }
  return 0;
}

}  // namespace rapport::journey

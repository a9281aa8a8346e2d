// SPDX-License-Identifier: Apache-2.0
// Distinct customers: what one customer did in a window, in all and per group of events.
#include <algorithm>
#include <vector>

#include "lib/metrics/measure.h"

namespace rapport::metrics {
namespace {

// An event that counts.
struct Act {
  TimeMicros time = 0;
  CivilDays day = 0;
  size_t event = 0;
  uint8_t roles = 0;
};

// What happened in one window.
struct Doings {
  GroupKey group{};
  int64_t numerator = 0;
  int64_t denominator = 0;
  int64_t days = 0;
  CivilDays last_day = 0;
  Int128 money = 0;
  int64_t left_out = 0;
};

class DistinctMeasure final : public Measure {
 public:
  using Measure::Measure;

  bool Walk() override {
    acts_.clear();
    for (size_t i = 0; i < events_.size(); ++i) {
      if (metric_.RolesOf(events_[i].type) == 0) continue;
      const uint8_t roles = RolesOf(i);
      if ((roles & (kNumerator | kDenominator)) == 0) continue;
      acts_.push_back({events_[i].time, days_.DayOf(events_[i].time), i, roles});
    }
    return !acts_.empty();
  }

  void ForEachWindow(std::span<const TimeWindow> windows, const GroupOf* group_of,
                     WindowSink sink) override {
    size_t first = 0, window = 0;
    while (window < windows.size()) {
      while (first < acts_.size() && acts_[first].time < windows[window].begin) ++first;
      if (first == acts_.size()) return;
      if (acts_[first].time >= windows[window].end) {
        // On to the next window that holds an act.
        const auto next = std::upper_bound(
            windows.begin() + static_cast<ptrdiff_t>(window), windows.end(), acts_[first].time,
            [](TimeMicros time, const TimeWindow& at) { return time < at.end; });
        window = static_cast<size_t>(next - windows.begin());
        continue;
      }
      Count(first, windows[window].end, group_of);
      Tell(window, nullptr, total_, sink);
      for (const Doings& doings : groups_) Tell(window, &doings.group, doings, sink);
      ++window;
    }
  }

 private:
  void Count(size_t first, TimeMicros end, const GroupOf* group_of) {
    total_ = {};
    groups_.clear();
    for (size_t i = first; i < acts_.size() && acts_[i].time < end; ++i) {
      Take(acts_[i], total_);
      if (group_of != nullptr) Take(acts_[i], DoingsOf((*group_of)(acts_[i].event)));
    }
  }

  Doings& DoingsOf(const GroupKey& group) {
    for (Doings& doings : groups_) {
      if (doings.group == group) return doings;
    }
    groups_.emplace_back().group = group;
    return groups_.back();
  }

  void Take(const Act& act, Doings& doings) const {
    if ((act.roles & kDenominator) != 0) ++doings.denominator;
    if ((act.roles & kNumerator) == 0) return;
    if (doings.numerator == 0 || act.day != doings.last_day) ++doings.days;
    doings.last_day = act.day;
    ++doings.numerator;
    if (metric_.kind() != v1::METRIC_KIND_CLV_SIMPLE) return;
    const EventColumns& event = At(act.event);
    const auto amount = metric_.Convert(event.value, event.currency, act.day);
    if (amount) doings.money += *amount;
    if (!amount) ++doings.left_out;
  }

  void Tell(size_t window, const GroupKey* group, const Doings& doings, WindowSink sink) const {
    Observation observation;
    const bool acted = doings.numerator > 0;
    switch (metric_.kind()) {
      case v1::METRIC_KIND_DISTINCT_RATIO:
        observation.count = acted ? 1 : 0;
        observation.base = doings.denominator > 0 ? 1 : 0;
        return sink(window, group, observation);
      case v1::METRIC_KIND_REPEAT_RATE:
        observation.count = doings.numerator >= 2 ? 1 : 0;
        break;
      case v1::METRIC_KIND_FREQUENCY:
        observation.count = doings.numerator;
        observation.magnitude = doings.numerator * kMicrosPerUnit;
        break;
      case v1::METRIC_KIND_STICKINESS:
        observation.count = doings.days;
        observation.magnitude = doings.days * kMicrosPerUnit;
        break;
      case v1::METRIC_KIND_CLV_SIMPLE:
        observation.count = doings.numerator;
        observation.sum = doings.money;
        observation.magnitude = static_cast<int64_t>(MicrosOf(doings.money));
        observation.left_out = doings.left_out;
        break;
      default:
        observation.count = 1;
        if (acted) sink(window, group, observation);
        return;
    }
    observation.base = 1;
    if (acted) sink(window, group, observation);
  }

  std::vector<Act> acts_;
  Doings total_;
  std::vector<Doings> groups_;
};

}  // namespace

std::unique_ptr<Measure> NewDistinctMeasure(const CompiledMetric& metric,
                                            const filter::EventPredicate* filter) {
  return std::make_unique<DistinctMeasure>(metric, filter);
}

}  // namespace rapport::metrics

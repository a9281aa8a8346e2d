// SPDX-License-Identifier: Apache-2.0
// What attempts a history holds, found by trying everything: the oracle of the walks. Slow
// and plain on purpose; it shares only the structs with the engine.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <set>
#include <vector>

#include "lib/journey/funnel_plan.h"

namespace rapport::journey::naive {

struct Found {
  int furthest = -1;
  TimeMicros reached = 0;
  TimeMicros start = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

inline bool Is(const Mark& mark, int step) { return (mark.steps >> step & 1) != 0; }

// --- Ordered, by enumeration of all chains from one event of the first step.
class Chains {
 public:
  Chains(const FunnelPlan& plan, const std::vector<Mark>& marks) : plan_(plan), marks_(marks) {}
  Found From(size_t first) {
    best_ = {0, marks_[first].time, marks_[first].time};
    used_ = {first};
    Extend(0, 0, marks_[first].time);
    return best_;
  }

 private:
  // `made`: the last step of the chain; `required`: its last required one.
  void Extend(int made, int required, TimeMicros last) {
    for (int step = made + 1; step < plan_.steps; ++step) {
      for (size_t i = 0; i < marks_.size(); ++i) {
        const Mark& mark = marks_[i];
        const bool later = plan_.strict_increase ? mark.time > last : mark.time >= last;
        if (!Is(mark, step) || !later || mark.time - best_.start > plan_.window) continue;
        if (plan_.strict_once && std::ranges::count(used_, i) > 0) continue;
        const bool counts = plan_.Required(step);
        if (counts &&
            (step > best_.furthest || (step == best_.furthest && mark.time < best_.reached))) {
          best_.furthest = step;
          best_.reached = mark.time;
        }
        used_.push_back(i);
        Extend(step, counts ? step : required, mark.time);
        used_.pop_back();
      }
      if (plan_.Required(step)) break;  // It cannot be left out.
    }
  }
  const FunnelPlan& plan_;
  const std::vector<Mark>& marks_;
  std::vector<size_t> used_;
  Found best_;
};

// --- Ordered with exclusions, without optional steps: the first event that fits, step by
// step, then whether an exclusion lies between. `ended` is when the attempt was over.
inline std::optional<Found> Greedy(const FunnelPlan& plan, const std::vector<Mark>& marks,
                                   TimeMicros start, TimeMicros* ended) {
  Found found{0, start, start};
  std::vector<TimeMicros> made = {start};
  for (int step = 1; step < plan.steps; ++step) {
    std::optional<TimeMicros> first;
    for (const Mark& mark : marks) {
      const bool later = plan.strict_increase ? mark.time > made.back() : mark.time >= made.back();
      if (Is(mark, step) && later && mark.time <= start + plan.window && !first) first = mark.time;
    }
    if (!first) break;
    made.push_back(*first);
    found.furthest = step;
    found.reached = *first;
  }
  *ended = found.furthest == plan.last() ? found.reached : start + plan.window;
  std::optional<TimeMicros> excluded;
  for (size_t rule = 0; rule < plan.exclusions.size(); ++rule) {
    const auto from = static_cast<size_t>(plan.exclusions[rule].from);
    const auto to = static_cast<size_t>(plan.exclusions[rule].to);
    if (from >= made.size()) continue;
    for (const Mark& mark : marks) {
      const bool before_to = to >= made.size() || mark.time < made[to];
      const bool in = mark.time > made[from] && before_to && mark.time <= start + plan.window;
      if ((mark.exclusions >> rule & 1) != 0 && in && (!excluded || mark.time < *excluded)) {
        excluded = mark.time;
      }
    }
  }
  if (!excluded) return found;
  *ended = *excluded;
  return std::nullopt;
}

inline bool Beats(const Found& a, const std::optional<Found>& b) {
  if (!b) return true;
  if (a.furthest != b->furthest) return a.furthest > b->furthest;
  if (a.reached != b->reached) return a.reached < b->reached;
  return a.start > b->start;
}

inline std::set<TimeMicros> StartTimes(const std::vector<Mark>& marks, const StartRange& range,
                                       uint32_t steps) {
  std::set<TimeMicros> times;
  for (const Mark& mark : marks) {
    if ((mark.steps & steps) != 0 && range.Holds(mark.time)) times.insert(mark.time);
  }
  return times;
}

inline std::optional<Found> BestOrdered(const FunnelPlan& plan, const std::vector<Mark>& marks,
                                        const StartRange& range) {
  std::optional<Found> best;
  TimeMicros ended = 0;
  for (const TimeMicros start : StartTimes(marks, range, 1)) {
    std::optional<Found> found;
    if (!plan.exclusions.empty()) {
      found = Greedy(plan, marks, start, &ended);
    } else {
      for (size_t i = 0; i < marks.size(); ++i) {
        if (!Is(marks[i], 0) || marks[i].time != start) continue;
        const Found one = Chains(plan, marks).From(i);
        if (Beats(one, found)) found = one;
      }
    }
    if (found && Beats(*found, best)) best = found;
    if (plan.anchor == Anchor::kFirst) break;
  }
  return best;
}

inline std::vector<Found> AllOrdered(const FunnelPlan& plan, const std::vector<Mark>& marks,
                                     const StartRange& range) {
  std::vector<Found> all;
  std::optional<TimeMicros> over;
  for (const TimeMicros start : StartTimes(marks, range, 1)) {
    if (over && start <= *over) continue;
    TimeMicros ended = 0;
    if (const auto found = Greedy(plan, marks, start, &ended)) all.push_back(*found);
    over = ended;
  }
  return all;
}

// --- Strict: the events one after another from each begin; no optional steps, each event at
// most one step.
inline std::optional<Found> BestStrict(const FunnelPlan& plan, std::vector<Mark> marks,
                                       const StartRange& range) {
  std::ranges::stable_sort(marks, [](const Mark& a, const Mark& b) {
    if (a.time != b.time) return a.time < b.time;
    return std::countr_zero(a.steps) < std::countr_zero(b.steps);
  });
  std::optional<Found> best;
  for (size_t begin = 0; begin < marks.size(); ++begin) {
    if (!Is(marks[begin], 0) || !range.Holds(marks[begin].time)) continue;
    const TimeMicros start = marks[begin].time;
    Found found{0, start, start};
    size_t next = begin + 1;
    for (; next < marks.size() && found.furthest < plan.last(); ++next) {
      if (!Is(marks[next], found.furthest + 1) || marks[next].time > start + plan.window) break;
      found.furthest += 1;
      found.reached = marks[next].time;
    }
    bool excluded = false;
    if (found.furthest < plan.last() && next < marks.size() && marks[next].time > found.reached &&
        marks[next].time <= start + plan.window) {
      for (size_t rule = 0; rule < plan.exclusions.size(); ++rule) {
        excluded = excluded || ((marks[next].exclusions >> rule & 1) != 0 &&
                                plan.exclusions[rule].from <= found.furthest &&
                                found.furthest < plan.exclusions[rule].to);
      }
    }
    if (!excluded && Beats(found, best)) best = found;
    if (plan.anchor == Anchor::kFirst) break;
  }
  return best;
}

// --- Any order: from each begin, which steps the window holds.
inline std::optional<Found> BestAny(const FunnelPlan& plan, const std::vector<Mark>& marks,
                                    const StartRange& range) {
  std::optional<Found> best;
  for (const TimeMicros start : StartTimes(marks, range, ~uint32_t{0})) {
    Found found{-1, start, start};
    for (int step = 0; step < plan.steps; ++step) {
      std::optional<TimeMicros> first;
      for (const Mark& mark : marks) {
        if (Is(mark, step) && mark.time >= start && mark.time <= start + plan.window && !first) {
          first = mark.time;
        }
      }
      if (!first) continue;
      ++found.furthest;
      found.reached = std::max(found.reached, *first);
    }
    const bool complete = found.furthest == plan.last();
    const bool excluded = std::ranges::any_of(marks, [&](const Mark& mark) {
      return mark.exclusions != 0 && mark.time > start && mark.time <= start + plan.window &&
             !(complete && mark.time >= found.reached);
    });
    if (!excluded && Beats(found, best)) best = found;
    if (plan.anchor == Anchor::kFirst) break;
  }
  return best;
}

// --- windowFunnel with strict_deduplication and strict_order as its source reads: level by
// level, sorted by time and step. The level reached.
inline int WindowFunnel(const FunnelPlan& plan, const std::vector<Mark>& marks) {
  std::vector<std::pair<TimeMicros, int>> events;
  for (const Mark& mark : marks) {
    if (mark.steps == 0) events.emplace_back(mark.time, -1);
    for (int step = 0; step < plan.steps; ++step) {
      if (Is(mark, step)) events.emplace_back(mark.time, step);
    }
  }
  std::ranges::sort(events);
  std::array<std::optional<TimeMicros>, kMaxSteps> started;
  const auto level = [&] {
    int highest = 0;
    for (int i = 0; i < plan.steps; ++i) {
      if (started[static_cast<size_t>(i)]) highest = i + 1;
    }
    return highest;
  };
  for (const auto& [time, step] : events) {
    const auto at = static_cast<size_t>(step);
    if (step < 0) {
      if (plan.strict_order && started[0]) break;
    } else if (step == 0) {
      started[0] = time;
    } else if (plan.strict_deduplication && started[at]) {
      return level();
    } else if (plan.strict_order && started[0] && !started[at - 1]) {
      return level();
    } else if (started[at - 1] && time <= *started[at - 1] + plan.window) {
      started[at] = started[at - 1];
      if (step == plan.last()) return plan.steps;
    }
  }
  return level();
}

}  // namespace rapport::journey::naive

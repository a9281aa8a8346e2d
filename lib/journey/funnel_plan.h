// SPDX-License-Identifier: Apache-2.0
// The rules of a funnel as plain numbers, what an event is for it (Mark), and a way through
// its steps (Attempt). docs/journeys.md says what they mean. Plain values.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/functional/function_ref.h"
#include "lib/base/clock.h"

namespace rapport::journey {

inline constexpr int kMaxSteps = 32;

enum class Order : uint8_t { kOrdered, kStrict, kAny };
enum class Counting : uint8_t { kCustomers, kSessions, kTotals };
enum class Anchor : uint8_t { kBest, kFirst };

// An attempt that has made step `from` and not yet `to` ends discarded.
struct Exclusion {
  int from = 0;  // From 0.
  int to = 1;
};

struct FunnelPlan {
  int steps = 0;
  uint32_t required = 0;  // A bit for each step that is not optional; first and last are set.
  TimeMicros window = 0;  // From the first step, inclusive.
  TimeMicros session_idle = 1800 * kMicrosPerSecond;
  Order order = Order::kOrdered;
  Counting counting = Counting::kCustomers;
  Anchor anchor = Anchor::kBest;
  bool strict_increase = false;
  bool strict_deduplication = false;
  bool strict_order = false;
  bool strict_once = false;
  bool holds = false;  // Steps of an attempt agree in Mark::value, which is not 0.
  std::vector<Exclusion> exclusions;

  int last() const { return steps - 1; }
  bool Required(int step) const { return (required >> step & 1) != 0; }
  // The nearest required step before `step` > 0, and after one before the last.
  int RequiredBefore(int step) const {
    return 31 - std::countl_zero(required & ((uint32_t{1} << step) - 1));
  }
  // Whether events that are no step end attempts, so that all must be seen.
  bool SeesAllEvents() const { return order == Order::kStrict || strict_order; }
};

// An event as a funnel sees it, in timeline order.
struct Mark {
  TimeMicros time = 0;
  uint64_t value = 0;       // Of what is held constant; 0: none.
  uint32_t index = 0;       // Of the customer's events.
  uint32_t steps = 0;       // A bit for each step that it is.
  uint32_t exclusions = 0;  // A bit for each exclusion that it is.
  uint32_t session = 0;     // Number of the session from 1; 0: outside of sessions.
};

// Begin and end of the time in which attempts may begin.
struct StartRange {
  TimeMicros begin = std::numeric_limits<TimeMicros>::min();
  TimeMicros end = std::numeric_limits<TimeMicros>::max();
  bool Holds(TimeMicros time) const { return begin <= time && time < end; }
};

struct Attempt {
  TimeMicros start = 0;
  TimeMicros reached = 0;  // When the furthest step was made.
  TimeMicros last = 0;     // Of the last event taken.
  uint32_t taken = 0;      // A bit for each step that was made.
  // The furthest required step, from 0; with order kAny the number of steps made less 1.
  int furthest = -1;
  std::array<uint32_t, kMaxSteps> events{};  // Of each step made: index of the event.

  bool Took(int step) const { return (taken >> step & 1) != 0; }
  void Take(int step, const Mark& mark) {
    taken |= uint32_t{1} << step;
    events[static_cast<size_t>(step)] = mark.index;
    last = mark.time;
  }
};

// Which of two attempts counts: the one that gets further, gets there first, began last.
inline bool Better(const Attempt& a, const Attempt& b) {
  if (a.furthest != b.furthest) return a.furthest > b.furthest;
  if (a.reached != b.reached) return a.reached < b.reached;
  if (a.start != b.start) return a.start > b.start;
  if (a.taken != b.taken) return a.taken > b.taken;
  return a.events < b.events;
}

// Told every attempt once it is over and was not discarded. Attempts that cannot be the
// best may be left out.
using AttemptSink = absl::FunctionRef<void(const Attempt&)>;

}  // namespace rapport::journey

// SPDX-License-Identifier: Apache-2.0
// One customer's way through a framework, from its events alone.
//
//   JourneyWalk walk(framework);
//   const Journey& journey = walk.Walk(customer);   // Good until the next.
//
// Where a customer stands in a stage, an event is looked at in this order:
//   1. exit evidence of the stage: the customer leaves, or falls back to the stage named;
//   2. ways with evidence of their own: to the furthest stage;
//   3. entry evidence of later stages: to the furthest to which all stages between may be
//      skipped or a way is named;
//   4. entry evidence of the stage itself: it stays;
//   5. entry evidence of earlier stages to which a way is named: to the nearest.
// From outside it comes into the furthest stage that is shown and allowed: at first one
// before which all stages may be skipped, later as the rule of re-entry says. A piece of
// evidence shows something at the event that completes its count within its window.
//
// Silence ends a visit at its very moment; an event at that moment comes before it, and
// what falls due up to as_of has happened. Events of one instant count in the order of the
// stages to which they can bring (exits of the stage the customer stands in first), then in
// timeline order. So the way depends on the set of events, never on their arrival.
//
// Events after Scope::as_of do not exist. Keeps scratch space: not thread-safe, one per
// thread; the framework outlives it. 20 to 50 ns an event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/day_clock.h"
#include "lib/filter/customer_events.h"
#include "lib/frameworks/compiled.h"

namespace rapport::frameworks {

inline constexpr TimeMicros kNever = std::numeric_limits<TimeMicros>::max();
inline constexpr size_t kNoEvent = std::numeric_limits<size_t>::max();

// What moved a customer: an event, or days of silence.
struct Cause {
  size_t event = kNoEvent;  // Among the customer's events.
  uint16_t type = 0;        // Its type.
  int32_t silence_days = 0;
  friend bool operator==(const Cause&, const Cause&) = default;
};

struct Visit {
  StageNo stage = kOutside;
  StageNo from = kOutside;
  v1::MoveKind kind = v1::MOVE_KIND_UNSPECIFIED;
  TimeMicros entered = 0;
  Cause cause;
  int64_t evidence_count = 0;  // Events that match the stage's entry evidence, the first with.
  TimeMicros left = kNever;
  v1::MoveKind left_by = v1::MOVE_KIND_UNSPECIFIED;
  Cause left_cause;
  friend bool operator==(const Visit&, const Visit&) = default;
};

// An order, booking or refund, and where the customer stood after it.
struct Earning {
  TimeMicros time = 0;
  StageNo stage = kOutside;
  size_t visit = 0;            // Its place among the visits, unless outside.
  metrics::Int128 amount = 0;  // Base currency, micros x nanos; refunds below 0.
};

struct StageEvidenceSeen {
  int64_t count = 0;
  TimeMicros last = 0;
};

struct Journey {
  std::vector<Visit> visits;                // Oldest first.
  std::vector<Earning> earnings;            // Oldest first.
  std::vector<StageEvidenceSeen> evidence;  // Per stage, from the first.
  StageNo stage = kOutside;                 // At as_of.
  TimeMicros expires = kNever;              // When silence alone will end the last visit.
  int64_t unrated = 0;                      // Money without an exchange rate, left out.
};

class JourneyWalk {
 public:
  explicit JourneyWalk(const CompiledFramework& framework);
  const Journey& Walk(const filter::CustomerEvents& customer);
  const CompiledFramework& framework() const { return framework_; }

 private:
  // When evidence came last: the last `count` times, oldest overwritten.
  struct Ring {
    std::vector<TimeMicros> times;
    size_t next = 0;
    int64_t seen = 0;
  };
  struct Deadline {
    TimeMicros time = kNever;
    const Exit* exit = nullptr;
  };

  void Reset();
  void Take(size_t index);
  void TakeInstant(size_t begin, size_t end);
  uint32_t OrderWithinInstant(size_t index) const;
  void See(size_t index);
  bool Complete(EvidenceNo evidence, TimeMicros time);
  void Decide(size_t index);
  bool TryExits(size_t index);
  void Enter(size_t index);
  void MoveOn(size_t index);
  bool Matches(FilterNo filter, size_t index) const;
  // Whether the event in hand completes entry evidence of the stage; is part of it.
  bool Shown(StageNo stage) const { return shown_[stage] == serial_; }
  bool Touched(StageNo stage) const { return touched_[stage] == serial_; }
  bool MayEnter(StageNo stage) const;
  const Way* WayTo(StageNo stage) const;
  void Begin(StageNo stage, v1::MoveKind kind, TimeMicros time, const Cause& cause);
  void End(v1::MoveKind by, TimeMicros time, const Cause& cause);
  void Leave(const Exit& exit, TimeMicros time, const Cause& cause);
  void RunSilence(TimeMicros until);
  Deadline NextDeadline() const;
  void Earn(const EventColumns& event);

  const CompiledFramework& framework_;
  std::vector<filter::EventTest> tests_;
  DayClock days_;
  const filter::CustomerEvents* customer_ = nullptr;
  Journey journey_;
  std::vector<Ring> rings_;
  std::vector<TimeMicros> last_match_;  // Per filter.
  TimeMicros last_activity_ = 0;
  TimeMicros deadline_ = kNever;  // Not after the next one.
  std::vector<bool> visited_;     // Per stage.
  // What the event in hand matches and completes, by the number of the event.
  uint64_t serial_ = 0;
  std::vector<uint64_t> complete_;         // Per piece of evidence.
  std::vector<uint64_t> shown_, touched_;  // Per stage, from 1.
  std::vector<std::pair<uint32_t, size_t>> instant_;
};

}  // namespace rapport::frameworks

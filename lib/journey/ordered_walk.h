// SPDX-License-Identifier: Apache-2.0
// Attempts through an ordered funnel: later steps after earlier ones, other events between
// them allowed.
//
// An attempt begins with an event of the first step and takes each next step at the first
// event that fits. Attempts that stand at the same step go on together, so the cost is a few
// operations for each event and step. Where nothing discards attempts, only the one that
// began last is kept of those at a step: it can do all that the others can, for longer.
// Events of one time are taken in the order of the steps that they are (ClickHouse).
//
// STRICT_DEDUPLICATION and STRICT_ORDER end the search as ClickHouse's windowFunnel does.
// Keeps its memory between customers. Not thread-safe.
#pragma once

#include <span>
#include <vector>

#include "lib/journey/funnel_plan.h"

namespace rapport::journey {

class OrderedWalk {
 public:
  explicit OrderedWalk(const FunnelPlan& plan);
  // Marks in order of time. No sink is told of an attempt without its first step.
  void Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink);

 private:
  using Level = std::vector<Attempt>;  // In order of their starts.

  void Group(std::span<const Mark> group, AttemptSink sink);
  void InTurn(std::span<const Mark> group, AttemptSink sink);
  void InStrictTurn(std::span<const Mark> group, AttemptSink sink);
  void OneEventOneStep(std::span<const Mark> group, AttemptSink sink);
  void TakeStep(int step, const Mark& mark, AttemptSink sink);
  void TakeOptional(int step, const Mark& mark);
  void TakeRequired(int step, const Mark& mark, AttemptSink sink);
  void Begin(const Mark& mark, AttemptSink sink);
  void Enter(Attempt attempt, AttemptSink sink);
  void AdvanceTogether(int level, std::span<const Mark> group, AttemptSink sink);
  void Give(Attempt& attempt, std::span<const Mark> group) const;
  void Assign(std::span<const Mark> group, int after);
  bool Augment(std::span<const Mark> group, int step);
  void Exclude(std::span<const Mark> group);
  void DropOver(TimeMicros now, AttemptSink sink);
  void EndAll(AttemptSink sink);
  bool Fits(const Attempt& attempt, const Mark& mark) const;
  Level& At(int step) { return levels_[static_cast<size_t>(step)]; }

  const FunnelPlan& plan_;
  const bool prune_;     // Keep one attempt a level.
  const bool in_turn_;   // Rules that look at one step of one event at a time.
  const bool backward_;  // Steps of a group from the last: none twice in it.
  StartRange starts_;
  std::vector<Level> levels_;  // By furthest required step.
  uint32_t live_ = 0;          // A bit for each level with attempts.
  uint32_t ever_ = 0;          // A bit for each step that was made.
  bool may_begin_ = true;
  bool done_ = false;
  std::vector<int> owner_;  // Of each mark of a group: its step, or -1.
  std::vector<bool> seen_;
  std::array<int, kMaxSteps> assigned_{};  // Of each step: its mark, or -1.
};

}  // namespace rapport::journey

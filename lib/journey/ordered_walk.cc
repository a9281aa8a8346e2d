// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/ordered_walk.h"

#include <algorithm>

namespace rapport::journey {
namespace {

bool InTurnRules(const FunnelPlan& plan) { return plan.strict_deduplication || plan.strict_order; }

bool MayPrune(const FunnelPlan& plan) {
  return plan.exclusions.empty() &&
         !(InTurnRules(plan) && (plan.strict_once || plan.strict_increase));
}

uint32_t StepsOf(std::span<const Mark> group) {
  uint32_t steps = 0;
  for (const Mark& mark : group) steps |= mark.steps;
  return steps;
}

const Mark& FirstOf(std::span<const Mark> group, int step) {
  return *std::ranges::find_if(group,
                               [&](const Mark& mark) { return (mark.steps >> step & 1) != 0; });
}

// Whether an event of the group could be several steps, and there is another one.
bool Ambiguous(std::span<const Mark> group) {
  return group.size() > 1 &&
         std::ranges::any_of(group, [](const Mark& mark) { return std::popcount(mark.steps) > 1; });
}

}  // namespace

OrderedWalk::OrderedWalk(const FunnelPlan& plan)
    : plan_(plan),
      prune_(MayPrune(plan)),
      in_turn_(InTurnRules(plan)),
      backward_(plan.strict_increase || plan.strict_once),
      levels_(static_cast<size_t>(plan.steps)) {}

void OrderedWalk::Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink) {
  starts_ = starts;
  for (Level& level : levels_) level.clear();
  live_ = ever_ = 0;
  may_begin_ = true;
  done_ = false;
  for (size_t i = 0; i < marks.size() && !done_;) {
    size_t end = i + 1;
    while (end < marks.size() && marks[end].time == marks[i].time) ++end;
    Group(marks.subspan(i, end - i), sink);
    i = end;
  }
  EndAll(sink);
}

void OrderedWalk::Group(std::span<const Mark> group, AttemptSink sink) {
  if (plan_.counting == Counting::kTotals) {
    DropOver(group.front().time, sink);
    may_begin_ = live_ == 0;
  }
  if (in_turn_) {
    InStrictTurn(group, sink);
  } else if (plan_.strict_once && !plan_.strict_increase && Ambiguous(group)) {
    OneEventOneStep(group, sink);
  } else {
    InTurn(group, sink);
  }
  if (!plan_.exclusions.empty()) Exclude(group);
}

void OrderedWalk::InTurn(std::span<const Mark> group, AttemptSink sink) {
  uint32_t left = StepsOf(group);
  const bool forward = !backward_ || (!plan_.strict_increase && group.size() > 1);
  while (left != 0) {
    const int step = forward ? std::countr_zero(left) : 31 - std::countl_zero(left);
    left &= ~(uint32_t{1} << step);
    TakeStep(step, FirstOf(group, step), sink);
  }
}

// Step by step of every event, as the rules that end the search read them.
void OrderedWalk::InStrictTurn(std::span<const Mark> group, AttemptSink sink) {
  const auto end_search = [&] {
    EndAll(sink);
    ever_ = 0;
    done_ = plan_.counting != Counting::kTotals;
  };
  if (plan_.strict_order && ever_ != 0 &&
      std::ranges::any_of(group, [](const Mark& mark) { return mark.steps == 0; })) {
    return end_search();
  }
  for (int step = 0; step < plan_.steps; ++step) {
    for (const Mark& mark : group) {
      if ((mark.steps >> step & 1) == 0) continue;
      if (step > 0) {
        const bool repeated = plan_.strict_deduplication && (ever_ >> step & 1) != 0;
        const bool early = plan_.strict_order && ever_ != 0 && (ever_ >> (step - 1) & 1) == 0;
        if (repeated || early) return end_search();
      }
      TakeStep(step, mark, sink);
      if (done_) return;
    }
  }
}

void OrderedWalk::TakeStep(int step, const Mark& mark, AttemptSink sink) {
  if (step == 0) {
    Begin(mark, sink);
  } else if (plan_.Required(step)) {
    TakeRequired(step, mark, sink);
  } else {
    TakeOptional(step, mark);
  }
}

void OrderedWalk::Begin(const Mark& mark, AttemptSink sink) {
  if (!may_begin_ || !starts_.Holds(mark.time)) return;
  if (!At(0).empty() && At(0).back().start == mark.time) return;
  may_begin_ = plan_.counting != Counting::kTotals && plan_.anchor == Anchor::kBest;
  if (prune_ && !At(0).empty()) {  // In its place: most events of many funnels are this one.
    Attempt& older = At(0).front();
    sink(older);
    older.start = older.reached = mark.time;
    older.taken = 0;
    older.Take(0, mark);
    return;
  }
  Attempt attempt;
  attempt.start = attempt.reached = mark.time;
  attempt.furthest = 0;
  attempt.Take(0, mark);
  Enter(attempt, sink);
}

bool OrderedWalk::Fits(const Attempt& attempt, const Mark& mark) const {
  if (plan_.strict_increase && attempt.last >= mark.time) return false;
  if (!plan_.strict_once || attempt.last < mark.time) return true;
  for (uint32_t left = attempt.taken; left != 0; left &= left - 1) {
    if (attempt.events[static_cast<size_t>(std::countr_zero(left))] == mark.index) return false;
  }
  return true;
}

void OrderedWalk::TakeOptional(int step, const Mark& mark) {
  for (Attempt& attempt : At(plan_.RequiredBefore(step))) {
    if (attempt.taken >> step != 0 || mark.time - attempt.start > plan_.window) continue;
    if (Fits(attempt, mark)) attempt.Take(step, mark);
  }
}

void OrderedWalk::TakeRequired(int step, const Mark& mark, AttemptSink sink) {
  const int before = plan_.RequiredBefore(step);
  if ((live_ >> before & 1) == 0) return;
  Level& level = At(before);
  size_t kept = 0;
  for (size_t i = 0; i < level.size(); ++i) {
    if (mark.time - level[i].start > plan_.window) {
      sink(level[i]);
    } else if (!Fits(level[i], mark)) {
      if (kept != i) level[kept] = level[i];
      ++kept;
    } else {
      Attempt attempt = level[i];
      attempt.Take(step, mark);
      attempt.furthest = step;
      attempt.reached = mark.time;
      Enter(attempt, sink);
    }
  }
  level.resize(kept);
  if (kept == 0) live_ &= ~(uint32_t{1} << before);
}

// Puts an attempt to those at its step; completed ones are over.
void OrderedWalk::Enter(Attempt attempt, AttemptSink sink) {
  ever_ |= attempt.taken;
  if (attempt.furthest == plan_.last()) {
    sink(attempt);
    done_ = plan_.counting != Counting::kTotals;
    if (!done_) ever_ = 0;
    return;
  }
  Level& level = At(attempt.furthest);
  if (prune_) {
    for (const Attempt& older : level) sink(older);
    level.clear();
  }
  level.push_back(attempt);
  live_ |= uint32_t{1} << attempt.furthest;
}

// Several events of one time that may be several steps, each for one only: as many steps as
// can be given events of their own (bipartite matching by augmenting paths).
void OrderedWalk::OneEventOneStep(std::span<const Mark> group, AttemptSink sink) {
  for (int level = plan_.last() - 1; level >= 0; --level) {
    if ((live_ >> level & 1) != 0) AdvanceTogether(level, group, sink);
  }
  const TimeMicros now = group.front().time;
  if ((StepsOf(group) & 1) == 0 || !may_begin_ || !starts_.Holds(now)) return;
  may_begin_ = plan_.counting != Counting::kTotals && plan_.anchor == Anchor::kBest;
  Attempt attempt;
  attempt.start = now;
  Assign(group, -1);
  Give(attempt, group);
  Enter(attempt, sink);
}

void OrderedWalk::AdvanceTogether(int level, std::span<const Mark> group, AttemptSink sink) {
  Level standing;
  standing.swap(At(level));
  live_ &= ~(uint32_t{1} << level);
  Assign(group, level);
  for (Attempt& attempt : standing) {
    if (group.front().time - attempt.start > plan_.window) {
      sink(attempt);
    } else {
      Give(attempt, group);
      Enter(attempt, sink);
    }
  }
}

void OrderedWalk::Give(Attempt& attempt, std::span<const Mark> group) const {
  for (int step = 0; step < plan_.steps; ++step) {
    const int at = assigned_[static_cast<size_t>(step)];
    if (at < 0 || attempt.taken >> step != 0) continue;
    attempt.Take(step, group[static_cast<size_t>(at)]);
    if (!plan_.Required(step)) continue;
    attempt.furthest = step;
    attempt.reached = attempt.last;
  }
}

void OrderedWalk::Assign(std::span<const Mark> group, int after) {
  owner_.assign(group.size(), -1);
  assigned_.fill(-1);
  int furthest = after;
  for (int step = after + 1; step < plan_.steps; ++step) {
    if (!plan_.Required(step)) continue;
    seen_.assign(group.size(), false);
    if (!Augment(group, step)) break;
    furthest = step;
  }
  // Optional steps take what is left, up to the required step that is not reached.
  for (int step = after + 1; step < plan_.steps; ++step) {
    if (plan_.Required(step)) {
      if (step > furthest) break;
      continue;
    }
    seen_.assign(group.size(), false);
    Augment(group, step);
  }
}

bool OrderedWalk::Augment(std::span<const Mark> group, int step) {
  for (size_t i = 0; i < group.size(); ++i) {
    if ((group[i].steps >> step & 1) == 0 || seen_[i]) continue;
    seen_[i] = true;
    if (owner_[i] >= 0 && !Augment(group, owner_[i])) continue;
    owner_[i] = step;
    assigned_[static_cast<size_t>(step)] = static_cast<int>(i);
    return true;
  }
  return false;
}

void OrderedWalk::Exclude(std::span<const Mark> group) {
  uint32_t exclusions = 0;
  for (const Mark& mark : group) exclusions |= mark.exclusions;
  const TimeMicros now = group.front().time;
  for (; exclusions != 0; exclusions &= exclusions - 1) {
    const Exclusion& rule = plan_.exclusions[static_cast<size_t>(std::countr_zero(exclusions))];
    for (int level = rule.from; level < rule.to; ++level) {
      std::erase_if(At(level), [&](const Attempt& attempt) {
        const uint32_t from = attempt.events[static_cast<size_t>(rule.from)];
        const auto is_from = [from](const Mark& mark) { return mark.index == from; };
        return now - attempt.start <= plan_.window && std::ranges::none_of(group, is_from);
      });
      if (At(level).empty()) live_ &= ~(uint32_t{1} << level);
    }
  }
}

void OrderedWalk::DropOver(TimeMicros now, AttemptSink sink) {
  for (uint32_t left = live_; left != 0; left &= left - 1) {
    const int step = std::countr_zero(left);
    Level& level = At(step);
    if (now - level.front().start <= plan_.window) continue;
    for (const Attempt& attempt : level) sink(attempt);
    level.clear();
    live_ &= ~(uint32_t{1} << step);
    ever_ = 0;
  }
}

void OrderedWalk::EndAll(AttemptSink sink) {
  for (uint32_t left = live_; left != 0; left &= left - 1) {
    Level& level = At(std::countr_zero(left));
    for (const Attempt& attempt : level) sink(attempt);
    level.clear();
  }
  live_ = 0;
}

}  // namespace rapport::journey

// SPDX-License-Identifier: Apache-2.0
#include "lib/frameworks/walk.h"

#include <algorithm>
#include <utility>

#include "lib/filter/type_set.h"
#include "lib/lifecycle/stage.h"
#include "rapport/v1/event.pb.h"

namespace rapport::frameworks {
namespace {

constexpr TimeMicros kLongAgo = std::numeric_limits<TimeMicros>::min();

// Later than `time` by days, without overflow.
TimeMicros After(TimeMicros time, int32_t days) { return time + days * kMicrosPerDay; }

}  // namespace

JourneyWalk::JourneyWalk(const CompiledFramework& framework)
    : framework_(framework),
      days_(framework.scope().calendar),
      rings_(framework.evidence().size()),
      last_match_(framework.filters().size()),
      visited_(framework.stage_count()),
      complete_(framework.evidence().size()),
      shown_(framework.stage_count() + 1U),
      touched_(framework.stage_count() + 1U) {
  for (const auto& filter : framework.filters()) tests_.emplace_back(filter.get());
  for (size_t i = 0; i < rings_.size(); ++i) {
    rings_[i].times.resize(static_cast<size_t>(framework.evidence()[i].count));
  }
}

void JourneyWalk::Reset() {
  journey_.visits.clear();
  journey_.earnings.clear();
  journey_.evidence.assign(framework_.stage_count(), {});
  journey_.stage = kOutside;
  journey_.expires = kNever;
  journey_.unrated = 0;
  for (Ring& ring : rings_) ring.next = 0, ring.seen = 0;
  std::ranges::fill(last_match_, kLongAgo);
  last_activity_ = kLongAgo;
  deadline_ = kNever;
  visited_.assign(framework_.stage_count(), false);
}

const Journey& JourneyWalk::Walk(const filter::CustomerEvents& customer) {
  Reset();
  customer_ = &customer;
  const auto events = customer.events;
  const TimeMicros as_of = framework_.scope().as_of;
  for (size_t begin = 0; begin < events.size() && events[begin].time <= as_of;) {
    const TimeMicros time = events[begin].time;
    if (deadline_ < time) RunSilence(time);
    size_t end = begin + 1;
    while (end < events.size() && events[end].time == time) ++end;
    if (end == begin + 1) {
      Take(begin);
    } else {
      TakeInstant(begin, end);
    }
    begin = end;
  }
  if (deadline_ <= as_of) RunSilence(as_of + 1);
  journey_.expires = NextDeadline().time;
  return journey_;
}

void JourneyWalk::TakeInstant(size_t begin, size_t end) {
  instant_.clear();
  for (size_t i = begin; i < end; ++i) instant_.emplace_back(OrderWithinInstant(i), i);
  std::ranges::sort(instant_);
  for (const auto& [order, index] : instant_) Take(index);
}

uint32_t JourneyWalk::OrderWithinInstant(size_t index) const {
  constexpr uint32_t kLast = 1000;
  uint32_t order = kLast;
  for (const FilterNo filter : framework_.FiltersOf(customer_->events[index].type)) {
    if (!Matches(filter, index)) continue;
    order = std::min<uint32_t>(order, framework_.FirstStageOf(filter));
    if (journey_.stage == kOutside) continue;
    for (const Exit& exit : framework_.stage(journey_.stage).exits) {
      if (exit.evidence && framework_.evidence()[*exit.evidence].filter == filter) return 0;
    }
  }
  return order;
}

void JourneyWalk::Take(size_t index) {
  const EventColumns& event = customer_->events[index];
  ++serial_;
  if (lifecycle::IsActivity(event.type)) last_activity_ = event.time;
  if (!framework_.FiltersOf(event.type).empty()) {
    See(index);
    Decide(index);
  }
  if (lifecycle::IsOrder(event.type) || event.type == v1::EVENT_TYPE_ORDER_REFUNDED) Earn(event);
}

bool JourneyWalk::Matches(FilterNo filter, size_t index) const {
  const bool known = framework_.LooksAtTypeOnly(filter) &&
                     customer_->events[index].type < filter::kFirstCustomType;
  return known || tests_[filter].Matches(*customer_, index);
}

void JourneyWalk::See(size_t index) {
  const EventColumns& event = customer_->events[index];
  for (const FilterNo filter : framework_.FiltersOf(event.type)) {
    if (!Matches(filter, index)) continue;
    last_match_[filter] = event.time;
    for (const EvidenceNo evidence : framework_.EvidenceOf(filter)) {
      if (!Complete(evidence, event.time)) continue;
      complete_[evidence] = serial_;
      for (const StageNo stage : framework_.StagesOf(evidence)) shown_[stage] = serial_;
    }
    for (const StageNo stage : framework_.StagesShownBy(filter)) {
      if (Touched(stage)) continue;
      touched_[stage] = serial_;
      StageEvidenceSeen& seen = journey_.evidence[stage - 1U];
      ++seen.count;
      seen.last = event.time;
    }
  }
}

// Counts the event in; whether it completes the evidence.
bool JourneyWalk::Complete(EvidenceNo number, TimeMicros time) {
  const Evidence& evidence = framework_.evidence()[number];
  if (evidence.count == 1) return true;
  Ring& ring = rings_[number];
  ring.times[ring.next] = time;
  ring.next = (ring.next + 1) % ring.times.size();
  if (++ring.seen < evidence.count) return false;
  return evidence.window == 0 || time - ring.times[ring.next] <= evidence.window;
}

void JourneyWalk::Decide(size_t index) {
  if (journey_.stage == kOutside) return Enter(index);
  if (TryExits(index)) return;
  const size_t visits = journey_.visits.size();
  MoveOn(index);
  const bool stayed = journey_.visits.size() == visits;
  if (stayed && Touched(journey_.stage)) ++journey_.visits.back().evidence_count;
}

bool JourneyWalk::TryExits(size_t index) {
  for (const Exit& exit : framework_.stage(journey_.stage).exits) {
    if (!exit.evidence || complete_[*exit.evidence] != serial_) continue;
    const EventColumns& event = customer_->events[index];
    Leave(exit, event.time, {.event = index, .type = event.type});
    return true;
  }
  return false;
}

bool JourneyWalk::MayEnter(StageNo stage) const {
  if (journey_.visits.empty()) return stage <= framework_.last_entry();
  switch (framework_.definition().reentry()) {
    case v1::REENTRY_RULE_NEVER:
      return false;
    case v1::REENTRY_RULE_FIRST_STAGE:
      return stage == 1;
    default:
      return stage <= framework_.last_entry() || visited_[stage - 1U];
  }
}

void JourneyWalk::Enter(size_t index) {
  for (StageNo stage = framework_.stage_count(); stage >= 1; --stage) {
    if (!Shown(stage) || !MayEnter(stage)) continue;
    const EventColumns& event = customer_->events[index];
    Begin(stage, journey_.visits.empty() ? v1::MOVE_KIND_ENTRY : v1::MOVE_KIND_REENTRY, event.time,
          {.event = index, .type = event.type});
    return;
  }
}

// The way without evidence of its own that the framework names from the current stage.
const Way* JourneyWalk::WayTo(StageNo stage) const {
  for (const Way& way : framework_.stage(journey_.stage).ways) {
    if (!way.evidence && way.to == stage) return &way;
  }
  return nullptr;
}

void JourneyWalk::MoveOn(size_t index) {
  const StageNo here = journey_.stage;
  StageNo to = kOutside;
  v1::MoveKind kind = v1::MOVE_KIND_UNSPECIFIED;
  for (const Way& way : framework_.stage(here).ways) {
    if (!way.evidence || complete_[*way.evidence] != serial_ || way.to <= to) continue;
    to = way.to;
    kind = way.kind;
  }
  bool may_skip = true;
  if (to == kOutside) {
    for (StageNo stage = here + 1; stage <= framework_.stage_count(); ++stage) {
      const Way* way = WayTo(stage);
      if (Shown(stage) && (may_skip || way != nullptr)) {
        to = stage;
        kind = stage == here + 1 || way != nullptr ? v1::MOVE_KIND_FORWARD : v1::MOVE_KIND_SKIP;
      }
      may_skip = may_skip && framework_.stage(stage).skippable;
    }
  }
  if (to == kOutside && Shown(here)) return;
  for (StageNo stage = here - 1; to == kOutside && stage >= 1; --stage) {
    const Way* way = WayTo(stage);
    if (way == nullptr || !Shown(stage)) continue;
    to = stage;
    kind = way->kind;
  }
  if (to == kOutside) return;
  const EventColumns& event = customer_->events[index];
  const Cause cause{.event = index, .type = event.type};
  End(kind, event.time, cause);
  Begin(to, kind, event.time, cause);
}

void JourneyWalk::Begin(StageNo stage, v1::MoveKind kind, TimeMicros time, const Cause& cause) {
  Visit visit;
  visit.stage = stage;
  visit.from = journey_.stage;
  visit.kind = kind;
  visit.entered = time;
  visit.cause = cause;
  visit.evidence_count = cause.event == kNoEvent ? 0 : 1;
  journey_.visits.push_back(visit);
  journey_.stage = stage;
  visited_[stage - 1U] = true;
  deadline_ = NextDeadline().time;
}

// Ends the visit; the caller begins the next, or sets the stage to outside.
void JourneyWalk::End(v1::MoveKind by, TimeMicros time, const Cause& cause) {
  Visit& visit = journey_.visits.back();
  visit.left = time;
  visit.left_by = by;
  visit.left_cause = cause;
}

void JourneyWalk::Leave(const Exit& exit, TimeMicros time, const Cause& cause) {
  if (exit.to != kOutside) {
    End(v1::MOVE_KIND_REVERSAL, time, cause);
    Begin(exit.to, v1::MOVE_KIND_REVERSAL, time, cause);
    return;
  }
  End(cause.event == kNoEvent ? v1::MOVE_KIND_EXPIRY : v1::MOVE_KIND_EXIT, time, cause);
  journey_.stage = kOutside;
  deadline_ = kNever;
}

JourneyWalk::Deadline JourneyWalk::NextDeadline() const {
  Deadline next;
  if (journey_.stage == kOutside) return next;
  const TimeMicros entered = journey_.visits.back().entered;
  for (const Exit& exit : framework_.stage(journey_.stage).exits) {
    if (exit.evidence) continue;
    const TimeMicros broken = exit.breakers ? last_match_[*exit.breakers] : last_activity_;
    const TimeMicros time = After(std::max(entered, broken), exit.silence_days);
    if (time < next.time) next = {time, &exit};
  }
  return next;
}

// What silence brings strictly before `until`.
void JourneyWalk::RunSilence(TimeMicros until) {
  while (deadline_ < until) {
    const Deadline next = NextDeadline();
    deadline_ = next.time;
    if (next.time >= until) return;
    Leave(*next.exit, next.time, {.silence_days = next.exit->silence_days});
  }
}

void JourneyWalk::Earn(const EventColumns& event) {
  const auto amount = framework_.Convert(event.value, event.currency, days_.DayOf(event.time));
  if (!amount) {
    ++journey_.unrated;
    return;
  }
  Earning earning{.time = event.time, .stage = journey_.stage, .amount = *amount};
  if (event.type == v1::EVENT_TYPE_ORDER_REFUNDED) earning.amount = -earning.amount;
  if (earning.stage != kOutside) earning.visit = journey_.visits.size() - 1;
  journey_.earnings.push_back(earning);
}

}  // namespace rapport::frameworks

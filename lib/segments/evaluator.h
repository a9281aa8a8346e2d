// SPDX-License-Identifier: Apache-2.0
// Whether one customer belongs to segments, as of any moment: the moment's own events and
// those before it count, later ones do not exist yet, nor does a customer before its first
// event (one without events always exists). Filters on customers are asked once and hold
// for all moments: they look at the customer as it stands.
//
//   evaluator.Begin(customer);
//   if (evaluator.Member(segment, as_of)) ...
//
// One per thread; `rules` and `lists` outlive it. Reads a customer's events when a
// condition first needs them: about 5 ns an event and distinct filter.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "lib/filter/customer_events.h"
#include "lib/segments/rule_set.h"
#include "rapport/v1/segment.pb.h"

namespace rapport::segments {

// Who is on static lists. Thread-safe.
class ListMembers {
 public:
  virtual ~ListMembers() = default;
  virtual bool Holds(size_t segment, uint32_t customer_no) const = 0;
};

class Evaluator {
 public:
  // `lists` may be nullptr: nobody is on any.
  Evaluator(const RuleSet& rules, const ListMembers* lists);

  // `customer` and what it names stay alive until the next Begin.
  void Begin(const filter::CustomerEvents& customer);
  bool Exists(TimeMicros at) const;
  bool Member(size_t segment, TimeMicros at);
  // The first moment in (after, until] at which membership is another than at `after`, with
  // the events that there are; kNever. By time alone if no event is later than `after`.
  TimeMicros NextChange(size_t segment, TimeMicros after, TimeMicros until);
  // The last moment in (after, until] at which membership changed; nullopt if it did not.
  std::optional<TimeMicros> LastChange(size_t segment, TimeMicros after, TimeMicros until);
  // Why, condition by condition.
  v1::SegmentCheck Explain(size_t segment, TimeMicros at);

 private:
  struct Memo {
    TimeMicros at = 0;
    bool known = false, member = false;
  };
  const Hits& HitsOf(size_t source);
  bool CustomerHolds(size_t filter);
  bool Holds(const RuleNode& node, TimeMicros at);
  // A moment after `at` not later than the next at which the node's answer may change.
  TimeMicros NextLook(const RuleNode& node, TimeMicros at);
  TimeMicros NextLook(size_t segment, TimeMicros at);
  // The node's own next change by time alone, up to `until`.
  TimeMicros NextChangeOf(const RuleNode& node, TimeMicros at, TimeMicros until);
  v1::SegmentCheck ExplainNode(const RuleNode& node, TimeMicros at);

  const RuleSet& rules_;
  const ListMembers* lists_;
  filter::CustomerEvents customer_;
  std::deque<HitReader> readers_;  // They do not move.
  std::vector<Hits> hits_;
  std::vector<bool> read_;
  std::vector<int8_t> filters_;  // -1: not asked.
  std::vector<Memo> memo_;
  std::string base_currency_;
};

}  // namespace rapport::segments

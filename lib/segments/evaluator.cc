// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/evaluator.h"

#include <algorithm>

#include "lib/filter/sources.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::segments {
namespace {

constexpr int kMostLooks = 200'000;  // Guards one search against endless histories.
constexpr TimeMicros kForesight = 3'653 * kMicrosPerDay;  // Of explanations: ten years.

void SetTime(TimeMicros time, google::protobuf::Timestamp& out) {
  const TimeMicros micros = (time % kMicrosPerSecond + kMicrosPerSecond) % kMicrosPerSecond;
  out.set_seconds((time - micros) / kMicrosPerSecond);
  out.set_nanos(static_cast<int32_t>(micros * 1000));
}

}  // namespace

Evaluator::Evaluator(const RuleSet& rules, const ListMembers* lists)
    : rules_(rules),
      lists_(lists),
      hits_(rules.sources().size()),
      read_(rules.sources().size()),
      filters_(rules.customer_filters().size(), -1),
      memo_(rules.size()),
      base_currency_(UnpackCurrency(rules.scope().base_currency)) {
  for (const HitSource& source : rules.sources()) readers_.emplace_back(source);
}

void Evaluator::Begin(const filter::CustomerEvents& customer) {
  customer_ = customer;
  read_.assign(read_.size(), false);
  std::ranges::fill(filters_, int8_t{-1});
  for (Memo& memo : memo_) memo.known = false;
}

bool Evaluator::Exists(TimeMicros at) const {
  return customer_.events.empty() || customer_.events.front().time <= at;
}

const Hits& Evaluator::HitsOf(size_t source) {
  if (!read_[source]) readers_[source].Read(customer_, hits_[source]);
  read_[source] = true;
  return hits_[source];
}

bool Evaluator::CustomerHolds(size_t number) {
  int8_t& answer = filters_[number];
  if (answer < 0) {
    static const v1::Customer& nobody = v1::Customer::default_instance();
    const filter::CustomerSource source(
        customer_.customer == nullptr ? nobody : *customer_.customer, base_currency_);
    answer = rules_.customer_filters()[number].Evaluate(source) ? 1 : 0;
  }
  return answer == 1;
}

bool Evaluator::Member(size_t segment, TimeMicros at) {
  Memo& memo = memo_[segment];
  if (memo.known && memo.at == at) return memo.member;
  const bool member = rules_.is_list(segment)
                          ? lists_ != nullptr && lists_->Holds(segment, customer_.customer_no)
                          : Holds(rules_.root(segment), at);
  memo = {at, true, member && Exists(at)};
  return memo.member;
}

bool Evaluator::Holds(const RuleNode& node, TimeMicros at) {
  const auto holds = [&](const RuleNode& child) { return Holds(child, at); };
  switch (node.kind) {
    case RuleNode::Kind::kAll:
      return std::ranges::all_of(node.children, holds);
    case RuleNode::Kind::kAny:
      return std::ranges::any_of(node.children, holds);
    case RuleNode::Kind::kNone:
      return std::ranges::none_of(node.children, holds);
    case RuleNode::Kind::kCustomer:
      return CustomerHolds(node.customer_filter);
    case RuleNode::Kind::kEvents:
      return node.condition->Holds(HitsOf(node.hits), at);
    case RuleNode::Kind::kSegment:
      return Member(node.segment, at);
  }
  return false;
}

TimeMicros Evaluator::NextLook(const RuleNode& node, TimeMicros at) {
  if (node.kind == RuleNode::Kind::kEvents) {
    return node.condition->NextChange(HitsOf(node.hits), at);
  }
  if (node.kind == RuleNode::Kind::kSegment) return NextLook(node.segment, at);
  TimeMicros next = kNever;
  for (const RuleNode& child : node.children) next = std::min(next, NextLook(child, at));
  return next;
}

TimeMicros Evaluator::NextLook(size_t segment, TimeMicros at) {
  return rules_.is_list(segment) ? kNever : NextLook(rules_.root(segment), at);
}

TimeMicros Evaluator::NextChange(size_t segment, TimeMicros after, TimeMicros until) {
  const bool member = Member(segment, after);
  TimeMicros at = after;
  for (int look = 0; look < kMostLooks; ++look) {
    const auto event = std::ranges::upper_bound(customer_.events, at, {}, &EventColumns::time);
    const TimeMicros next = event == customer_.events.end() ? kNever : event->time;
    at = std::min(next, NextLook(segment, at));
    if (at > until || at == kNever) return kNever;
    if (Member(segment, at) != member) return at;
  }
  return kNever;
}

std::optional<TimeMicros> Evaluator::LastChange(size_t segment, TimeMicros after,
                                                TimeMicros until) {
  std::optional<TimeMicros> last;
  for (TimeMicros at = after; (at = NextChange(segment, at, until)) != kNever;) last = at;
  return last;
}

TimeMicros Evaluator::NextChangeOf(const RuleNode& node, TimeMicros at, TimeMicros until) {
  const bool holds = Holds(node, at);
  TimeMicros next = at;
  for (int look = 0; look < kMostLooks; ++look) {
    next = NextLook(node, next);
    if (next > until || next == kNever) return kNever;
    if (Holds(node, next) != holds) return next;
  }
  return kNever;
}

v1::SegmentCheck Evaluator::ExplainNode(const RuleNode& node, TimeMicros at) {
  v1::SegmentCheck check;
  check.set_holds(Holds(node, at));
  check.set_condition(rules_.Describe(node));
  switch (node.kind) {
    case RuleNode::Kind::kAll:
    case RuleNode::Kind::kAny:
    case RuleNode::Kind::kNone: {
      size_t holding = 0;
      for (const RuleNode& child : node.children) {
        *check.add_parts() = ExplainNode(child, at);
        holding += Holds(child, at) ? 1 : 0;
      }
      check.set_evidence(Cat(holding, " of ", node.children.size(), " hold"));
      break;
    }
    case RuleNode::Kind::kCustomer:
      check.set_evidence("the customer as it stands");
      break;
    case RuleNode::Kind::kEvents:
      check.set_evidence(node.condition->Evidence(HitsOf(node.hits), at));
      break;
    case RuleNode::Kind::kSegment:
      *check.add_parts() = Explain(node.segment, at);
      break;
  }
  const TimeMicros change = NextChangeOf(node, at, at + kForesight);
  if (change != kNever) SetTime(change, *check.mutable_next_change_time());
  return check;
}

v1::SegmentCheck Evaluator::Explain(size_t segment, TimeMicros at) {
  v1::SegmentCheck check;
  if (rules_.is_list(segment)) {
    check.set_condition("a list of customers");
    check.set_evidence(Member(segment, at) ? "on the list" : "not on the list");
  } else {
    check = ExplainNode(rules_.root(segment), at);
  }
  if (!Exists(at)) {
    check.set_evidence("the customer has no event up to then: it does not exist yet");
    check.clear_next_change_time();
  }
  check.set_holds(Member(segment, at));
  return check;
}

}  // namespace rapport::segments

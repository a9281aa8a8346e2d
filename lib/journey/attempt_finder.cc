// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/attempt_finder.h"

#include <algorithm>
#include <iterator>

namespace rapport::journey {

void AttemptFinder::Find(std::span<const Mark> marks, const StartRange& starts, AttemptSink found) {
  const auto begin = std::ranges::lower_bound(marks, starts.begin, {}, &Mark::time);
  marks = marks.subspan(static_cast<size_t>(begin - marks.begin()));
  if (plan_.counting != Counting::kSessions) return Unit(marks, starts, found);
  for (size_t i = 0; i < marks.size();) {
    size_t end = i;
    while (end < marks.size() && marks[end].session == marks[i].session) ++end;
    Unit(marks.subspan(i, end - i), starts, found);
    i = end;
  }
}

void AttemptFinder::Unit(std::span<const Mark> marks, const StartRange& starts, AttemptSink found) {
  if (plan_.counting == Counting::kTotals) return EachValue(marks, starts, found);
  std::optional<Attempt> best;
  EachValue(marks, starts, [&](const Attempt& attempt) {
    if (!best || Better(attempt, *best)) best = attempt;
  });
  if (best) found(*best);
}

void AttemptFinder::EachValue(std::span<const Mark> marks, const StartRange& starts,
                              AttemptSink sink) {
  if (!plan_.holds) return Run(marks, starts, sink);
  by_value_.assign(marks.begin(), marks.end());
  std::ranges::stable_sort(by_value_, {}, &Mark::value);
  const auto end_of = [&](size_t begin) {
    size_t end = begin;
    while (end < by_value_.size() && by_value_[end].value == by_value_[begin].value) ++end;
    return end;
  };
  const std::span<const Mark> all = by_value_;
  const size_t without = all.empty() || all.front().value != 0 ? 0 : end_of(0);
  for (size_t i = without; i < all.size();) {
    const size_t end = end_of(i);
    std::span<const Mark> of_value = all.subspan(i, end - i);
    if (without > 0) {  // What has no value excludes attempts of any.
      merged_.clear();
      std::ranges::merge(all.first(without), of_value, std::back_inserter(merged_), {}, &Mark::time,
                         &Mark::time);
      of_value = merged_;
    }
    Run(of_value, starts, sink);
    i = end;
  }
}

void AttemptFinder::Run(std::span<const Mark> marks, const StartRange& starts, AttemptSink sink) {
  switch (plan_.order) {
    case Order::kOrdered:
      return ordered_.Run(marks, starts, sink);
    case Order::kStrict:
      return strict_.Run(marks, starts, sink);
    case Order::kAny:
      return any_.Run(marks, starts, sink);
  }
}

}  // namespace rapport::journey

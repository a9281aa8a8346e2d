// SPDX-License-Identifier: Apache-2.0
// The attempts of customers through a compiled funnel, and the group to which each belongs:
// what counting, lists and pain points share.
//
//   FunnelReader reader(funnel);
//   if (reader.Open(customer)) reader.Find(0, [&](const Attempt& attempt) { ... });
//
// Not thread-safe; one a walker. The funnel must outlive it.
#pragma once

#include <span>
#include <vector>

#include "lib/journey/attempt_finder.h"
#include "lib/journey/compiled_funnel.h"
#include "lib/journey/event_marker.h"

namespace rapport::journey {

class FunnelReader {
 public:
  explicit FunnelReader(const CompiledFunnel& funnel)
      : funnel_(funnel), marker_(funnel), finder_(funnel.plan()) {}
  // False when nothing of the customer is a step. The customer stays as it is until the last
  // call of Find about it.
  bool Open(const filter::CustomerEvents& customer);
  // The attempts that count of those that begin in the range.
  void Find(size_t range, AttemptSink found);
  // The same for each value of the funnel's dimension apart: over the events with that code.
  void FindByValue(size_t range, absl::FunctionRef<void(uint32_t code, const Attempt&)> found);

  // By the funnel's dimension and attribution. `codes` are the customer's, if it is a
  // dimension of customers.
  uint32_t GroupOf(const Attempt& attempt, std::span<const uint32_t> codes);

  metrics::PropertyNames& properties() { return properties_; }
  const metrics::PropertyNames& properties() const { return properties_; }
  bool overlapping() const { return marker_.overlapping(); }

 private:
  StartRange Starts(size_t range) const;

  const CompiledFunnel& funnel_;
  EventMarker marker_;
  AttemptFinder finder_;
  metrics::PropertyNames properties_;
  const filter::CustomerEvents* customer_ = nullptr;
  std::span<const Mark> marks_;
  std::vector<uint32_t> codes_, distinct_, events_;
  std::vector<Mark> chosen_;
};

// Indices of the events of an attempt in the order in which it made the steps.
void EventsInOrder(const Attempt& attempt, const FunnelPlan& plan, std::vector<uint32_t>& events);

}  // namespace rapport::journey

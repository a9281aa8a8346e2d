// SPDX-License-Identifier: Apache-2.0
// One customer with all its events, as walkers over customers read it, and filters tested
// against those events at the cheapest place.
//
//   EventTest test(&predicate);
//   if (test.Begin(customer)) for (i...) if (test.Matches(customer, i)) ...
//
// Views: the caller keeps what they name alive. Not thread-safe; one EventTest per thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/event_columns.h"
#include "lib/base/payload_source.h"
#include "lib/filter/predicate.h"

namespace rapport::filter {

using rapport::PayloadSource;

struct CustomerEvents {
  uint32_t customer_no = 0;
  std::span<const EventColumns> events;  // In timeline order.
  // With what the filter's customer_places() name; nullptr: no customer field is set.
  const v1::Customer* customer = nullptr;
  // nullptr: no event has a payload. Needed if a predicate reads payloads.
  PayloadSource* payloads = nullptr;
};

// A filter on events with what the current customer decides about it.
class EventTest {
 public:
  // `predicate` may be nullptr: everything holds.
  explicit EventTest(const EventPredicate* predicate)
      : predicate_(predicate == nullptr || predicate->empty() ? nullptr : predicate) {}
  bool always() const { return predicate_ == nullptr; }
  // Before the customer's first event; false: none of its events holds.
  bool Begin(const CustomerEvents& customer);
  bool Matches(const CustomerEvents& customer, size_t index) const;

 private:
  const EventPredicate* predicate_;
  CustomerTruth truth_;
};

}  // namespace rapport::filter

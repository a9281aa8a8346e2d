// SPDX-License-Identifier: Apache-2.0
// An expression bound to one workspace's names, flat and fast, for scans over events.
//
// Texts of touchpoints, campaigns and custom types are resolved to numbers once, so bind
// after taking the read point: names given out later count as unknown. A column test is an
// interval or a set of whole numbers, at 2 to 14 ns (docs/filters.md). Conjuncts
// are tested where they are cheapest: customer-only ones by Judge, those without payload by
// MatchesColumns, the rest by MatchesPayload. No allocation per event or customer.
// Immutable, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "lib/base/event_columns.h"
#include "lib/filter/expression.h"
#include "lib/filter/names.h"
#include "lib/filter/type_set.h"

namespace rapport::filter {

// What one customer decides about a predicate.
struct CustomerTruth {
  bool allowed = true;                           // The customer-only conjuncts hold.
  std::array<uint64_t, kMaxTests / 64> tests{};  // Truth of each customer test.
};

class EventPredicate {
 public:
  EventPredicate();  // Matches everything.
  EventPredicate(EventPredicate&&) noexcept;
  EventPredicate& operator=(EventPredicate&&) noexcept;
  ~EventPredicate();

  bool empty() const;
  // Event types that can match at all.
  const TypeSet& types() const;
  bool reads_columns() const;
  bool reads_payload() const;
  bool reads_customer() const;
  // What of the customer Judge needs filled: facts, summary, attributes.
  PlaceSet customer_places() const;

  // Once a customer, if reads_customer().
  CustomerTruth Judge(const v1::Customer& customer) const;
  // Type and every conjunct without payload and not of the customer alone.
  bool MatchesColumns(const EventColumns& event, const CustomerTruth& truth) const;
  // Every conjunct with payload. Only for events for which MatchesColumns held.
  bool MatchesPayload(const EventColumns& event, const store::v1::EventPayload& payload,
                      const CustomerTruth& truth) const;

 private:
  friend EventPredicate Bind(const Expression& expression, const Names& names);
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

EventPredicate Bind(const Expression& expression, const Names& names);

}  // namespace rapport::filter

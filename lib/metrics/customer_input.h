// SPDX-License-Identifier: Apache-2.0
// One customer as measures read it. Everything is a view; the caller keeps it alive while
// Evaluation::Customer or MeasureCells::Customer runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/event_columns.h"
#include "lib/filter/type_set.h"

namespace rapport::v1 {
class Customer;
}
namespace rapport::store::v1 {
class EventPayload;
}

namespace rapport::metrics {

// The payloads of one customer's events, decoded when asked for.
class PayloadSource {
 public:
  virtual ~PayloadSource() = default;
  // Of events[index]; nullptr for an event without one. Valid until the next call.
  virtual const store::v1::EventPayload* At(size_t index) = 0;
};

struct CustomerInput {
  uint32_t customer_no = 0;
  // All of the customer's events that exist for the view, in timeline order; also those
  // before the range, as pairs, sessions and memberships begin there.
  std::span<const EventColumns> events;
  // Codes of the customer dimensions of Grouping::customer_dimensions(), in that order;
  // fewer count as 0, which is `none`.
  std::span<const uint32_t> codes;
  // With what the filter's customer_places() name; nullptr: no customer field is set.
  const v1::Customer* customer = nullptr;
  // nullptr: no event has a payload. Needed if CompiledMetric or the query reads payloads.
  PayloadSource* payloads = nullptr;
  // Types of the events, when the caller knows them; and when the customer joined and left
  // the books (MembershipOf in measure.h). What several metrics look at is found once.
  const filter::StandardTypes* types = nullptr;
  const std::vector<TimeMicros>* membership = nullptr;
  // For FACT_MEAN: the fact that the definition names, in units; nullopt: not known.
  std::optional<double> fact;
};

}  // namespace rapport::metrics

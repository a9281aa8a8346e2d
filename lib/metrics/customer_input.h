// SPDX-License-Identifier: Apache-2.0
// One customer as measures read it. Everything is a view; the caller keeps it alive while
// Evaluation::Customer or MeasureCells::Customer runs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/clock.h"
#include "lib/filter/customer_events.h"
#include "lib/filter/type_set.h"

namespace rapport::metrics {

// `events` are all of the customer's events that exist for the view; also those before the
// range, as pairs, sessions and memberships begin there.
struct CustomerInput : filter::CustomerEvents {
  // Codes of the customer dimensions of Grouping::customer_dimensions(), in that order;
  // fewer count as 0, which is `none`.
  std::span<const uint32_t> codes;
  // Types of the events, when the caller knows them; and when the customer joined and left
  // the books (MembershipOf in measure.h). What several metrics look at is found once.
  const filter::StandardTypes* types = nullptr;
  const std::vector<TimeMicros>* membership = nullptr;
  // For FACT_MEAN: the fact that the definition names, in units; nullopt: not known.
  std::optional<double> fact;
};

}  // namespace rapport::metrics

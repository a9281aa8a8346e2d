// SPDX-License-Identifier: Apache-2.0
// Properties of the kinds of maths that decide how a metric is computed. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

// How observations come about.
enum class Shape : uint8_t {
  kEvents,     // One per event; dated and grouped by it.
  kPairs,      // One per start and its goal; dated and grouped by the start.
  kSessions,   // One per session; dated and grouped by its first event.
  kDistinct,   // One per customer, window and group of the customer's events.
  kMembers,    // Steps onto the books and off them; levels.
  kRecurring,  // Recurring revenue at both ends of a window, per customer.
  kEngaged,    // One per customer and window.
  kFacts,      // One per customer, as of now.
};
Shape ShapeOf(v1::MetricKind kind);

// Observations of one moment add up over windows: kEvents, kPairs, kSessions.
bool IsDated(v1::MetricKind kind);
// Event cells hold all that is needed.
bool IsAdditive(v1::MetricKind kind);
bool IsMoneyKind(v1::MetricKind kind);
bool IsScore(v1::MetricKind kind);
// Has quantiles and a histogram.
bool IsDistribution(const v1::MetricDefinition& definition);
// Figures of states change by mere silence: joining and leaving the books.
bool IsLevel(v1::MetricKind kind);
// What moved recurring revenue, rather than its level.
bool IsRecurringMove(const v1::MetricDefinition& definition);
// The denominator is Sums::base.
bool CountsBase(const v1::MetricDefinition& definition);
bool GroupsByEvent(v1::MetricKind kind);
bool GroupsByCustomer(v1::MetricKind kind);
// "METRIC_KIND_COUNT_RATIO" > "count ratio".
std::string KindWord(v1::MetricKind kind);

}  // namespace rapport::metrics

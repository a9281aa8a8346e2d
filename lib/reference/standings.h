// SPDX-License-Identifier: Apache-2.0
// Where a workspace stands: on the way to its goals, and among published benchmarks, as the
// API says it. The maths is lib/metrics/standing.h. Pure, thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/reference/book.h"
#include "rapport/v1/metric.pb.h"
#include "rapport/v1/reference.pb.h"

namespace rapport::reference {

// What a goal's attainment is made from; values are the metric's with the goal's filter.
struct GoalFigures {
  v1::MetricPoint current;                 // Of the goal's start until now.
  std::optional<v1::MetricPoint> before;   // Of the period before, when there is no baseline.
  std::span<const v1::MetricPoint> trend;  // By bucket since the start.
  double elapsed_days = 0;                 // Since the start; may be below 0 or past the end.
};

// Whether attainment needs the period before / the trend. Sums that are to rise need neither.
bool NeedsBaseline(const v1::Goal& goal, const v1::MetricDefinition& definition);
bool NeedsTrend(const v1::MetricDefinition& definition);
// Length of the trend's buckets for a goal of so many days.
v1::Granularity TrendGranularity(CivilDays days);

v1::GoalAttainment AttainmentOf(const v1::Goal& goal, const v1::MetricDefinition& definition,
                                const GoalFigures& figures);

// The goal that a query of the metric with this filter shows: under way on `today`, and of
// several the one that ends first. nullptr when there is none.
const v1::Goal* GoalFor(const Book& book, std::string_view metric, std::string_view filter,
                        CivilDays today);

// One standing per industry, source and date of the metric's benchmarks, in their order.
std::vector<v1::BenchmarkStanding> StandingsOf(const Book& book,
                                               const v1::MetricDefinition& definition,
                                               std::optional<double> value);

}  // namespace rapport::reference

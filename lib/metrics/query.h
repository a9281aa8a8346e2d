// SPDX-License-Identifier: Apache-2.0
// Answers metric queries from series cells. Pure: the caller supplies the definition and a
// reader of cells (generation + live), and gets a QueryMetricResponse without context ids.
//
// Thread-safe. Cost: one pass over the cells of the metric's event types in the range.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/base/money.h"
#include "lib/metrics/series.h"
#include "rapport/v1/metric.pb.h"
#include "rapport/v1/metric_service.pb.h"

namespace rapport::metrics {

// What events can be grouped by.
enum class Dimension : uint8_t { kChannel, kTouchpoint };

// The built-in definitions, by id. Parsed once from lib/metrics/data/*.textproto.
const std::vector<v1::MetricDefinition>& Definitions();
// InvalidField metric UNKNOWN_METRIC with the nearest known names.
absl::StatusOr<const v1::MetricDefinition*> FindDefinition(std::string_view metric);

// Where cells come from. Calls `visit` for each cell with that family, type and a day in
// [begin, end), any order; the same key may come more than once (generation and live).
using CellVisit = absl::FunctionRef<void(const CellKey&, const Cell&)>;
using CellReader = absl::FunctionRef<absl::Status(SeriesFamily family, uint16_t type,
                                                  CivilDays begin, CivilDays end, CellVisit visit)>;

struct QueryScope {
  Calendar calendar = Calendar::Utc();
  CurrencyCode base_currency = 0;
  CivilDays as_of_day = 0;  // Buckets that end after it are incomplete.
  CivilDays first_day = 0;  // First and last day with data, for open ranges.
  CivilDays last_day = 0;
  std::function<std::string(uint32_t)> touchpoint_text;
};

// Validates (INVALID_ARGUMENT naming the field: unknown metric, bad date, inverted range,
// more than 5000 buckets, unsupported dimension, years <= 0) and computes.
absl::StatusOr<v1::QueryMetricResponse> Query(const v1::QueryMetricRequest& request,
                                              const QueryScope& scope, CellReader read);
absl::StatusOr<v1::NpsReport> Nps(const v1::GetNpsReportRequest& request, const QueryScope& scope,
                                  CellReader read);

}  // namespace rapport::metrics

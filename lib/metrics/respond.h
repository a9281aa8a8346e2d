// SPDX-License-Identifier: Apache-2.0
// Prints a query's sums as an answer: series of points with intervals, groups (the largest
// and `other`), comparisons with their significance, notes. Pure and thread-safe.
//
// Statistics at 95 %. p-values are corrected by Benjamini-Hochberg over all tests of the
// answer (comparisons, their points, groups against the rest).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/sum_table.h"
#include "rapport/v1/metric_service.pb.h"

namespace rapport::metrics {

// The definition's `name`, and of the context as_of, generation and view, are the caller's.
// InvalidField group_by TOO_MANY_GROUPS (without top), or granularity TOO_MANY_POINTS.
// Fills an empty response, which may be on an arena: 40,000 points are as many messages.
absl::Status Respond(const PreparedQuery& query, const SumTable& table, std::string_view plan,
                     v1::QueryMetricResponse& response);
absl::StatusOr<v1::QueryMetricResponse> Respond(const PreparedQuery& query, const SumTable& table,
                                                std::string_view plan);

// What ExplainChange needs of one dimension: the query's groups over the whole range, now
// and in the range compared with. The query has one dimension, one comparison, no top.
v1::ChangeExplanation ExplainDimension(const PreparedQuery& query, const SumTable& table);

}  // namespace rapport::metrics

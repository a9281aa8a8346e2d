// SPDX-License-Identifier: Apache-2.0
// The NPS report of a period, put together from seven metric queries over one window: the
// score by month, channel and touchpoint, and what became of surveys and of detractors.
//
//   for each part: PreparedQuery::Create(NpsQuery(part, window), ...), run it by any plan,
//   FillNps(part, query, table, report)
//
// Prepare the months first: open ends of the request are widened to whole months, and the
// other parts cover that window (NpsWindow). Parts may be filled in any order. Pure and
// thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/sum_table.h"
#include "rapport/v1/metric.pb.h"
#include "rapport/v1/metric_service.pb.h"

namespace rapport::metrics {

enum class NpsPart : uint8_t {
  kMonths,  // The score itself too.
  kChannels,
  kTouchpoints,
  kDismissed,
  kResponse,
  kFollowUp,
  kRecovery,
};
inline constexpr NpsPart kNpsParts[] = {
    NpsPart::kMonths,   NpsPart::kChannels, NpsPart::kTouchpoints, NpsPart::kDismissed,
    NpsPart::kResponse, NpsPart::kFollowUp, NpsPart::kRecovery,
};
// All touchpoints are shown, however many.
inline constexpr QueryLimits kNpsLimits = {.max_windows = kMaxWindows, .max_groups = 100'000};

// The id of the metric that a part shows.
std::string_view NpsMetric(NpsPart part);
v1::QueryMetricRequest NpsQuery(NpsPart part, const v1::GetNpsReportRequest& request);
// The request with the dates that the months' query covers.
v1::GetNpsReportRequest NpsWindow(const v1::GetNpsReportRequest& request,
                                  const PreparedQuery& months);

// Sets the fields of a part. InvalidField group_by TOO_MANY_GROUPS.
absl::Status FillNps(NpsPart part, const PreparedQuery& query, const SumTable& table,
                     v1::NpsReport& report);

}  // namespace rapport::metrics

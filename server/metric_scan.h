// SPDX-License-Identifier: Apache-2.0
// The scan plan of metric queries: one pass over a workspace's customers
// (customer_scan.h) for any number of queries at once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/metrics/evaluation.h"
#include "lib/metrics/prepared_query.h"
#include "server/call_context.h"
#include "server/customer_view.h"
#include "server/generation_metrics.h"

namespace rapport::server {

struct ScanAnswer {
  std::vector<metrics::Evaluation> evaluations;  // In the order of the queries.
  int64_t customers = 0;                         // With events.
  int64_t events = 0;
};

// `listing` (may be nullptr) is for one query only. CANCELLED and DEADLINE_EXCEEDED as the
// call; DataLoss.
absl::StatusOr<ScanAnswer> ScanMetrics(const CallContext& call, const ReadPoint& at,
                                       GenerationMetrics& generation,
                                       std::span<const metrics::PreparedQuery* const> queries,
                                       const metrics::ListingRequest* listing);

}  // namespace rapport::server

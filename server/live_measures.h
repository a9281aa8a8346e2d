// SPDX-License-Identifier: Apache-2.0
// What events and merges since the generation change in the measures that it stores: for
// each customer touched, what the generation counted is taken away and what holds now is
// added.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/events/scan_ground.h"
#include "lib/metrics/measure_cells.h"
#include "lib/metrics/prepared_query.h"
#include "server/call_context.h"
#include "server/customer_view.h"
#include "server/generation_metrics.h"

namespace rapport::server {

// Customers touched since a generation.
struct Touched {
  events::ScanGround live;     // As they are now.
  std::vector<uint32_t> now;   // As they stand now, sorted.
  std::vector<uint32_t> then;  // As the generation knew them, sorted.
};
absl::StatusOr<Touched> FindTouched(const CallContext& call, const ReadPoint& at,
                                    GenerationMetrics& generation);

struct LiveChange {
  metrics::MeasureSums sums;
  size_t customers = 0;
};
// `query` is of the live view.
absl::StatusOr<LiveChange> ChangeSince(const CallContext& call, const ReadPoint& at,
                                       GenerationMetrics& generation,
                                       const metrics::PreparedQuery& query);

}  // namespace rapport::server

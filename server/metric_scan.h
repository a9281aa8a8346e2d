// SPDX-License-Identifier: Apache-2.0
// The scan plan of metric queries: one pass over a workspace's customers for any number of
// queries at once, on two threads.
//
// Customers come with their columns' codes, and with as much of v1.Customer as filters
// read: facts of the generation (rows in step with the pass), totals, attributes (a look-up
// a customer that has any). Cost: 20 ns an event and what measures cost; a customer row
// 2 us, an attribute look-up 5 us.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/events/customer_pass.h"
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

// What the pass of a view stands on: merges of the generation for NIGHTLY, of now for LIVE.
events::ScanGround MetricGround(const ReadPoint& at, const GenerationMetrics& generation);

// Serves the payloads of the customer a walk stands on.
class WalkPayloads final : public filter::PayloadSource {
 public:
  explicit WalkPayloads(events::CustomerWalk& walk) : walk_(walk) {}
  const store::v1::EventPayload* At(size_t index) override;
  const absl::Status& status() const { return status_; }

 private:
  events::CustomerWalk& walk_;
  store::v1::EventPayload payload_;
  absl::Status status_;
};

inline constexpr int kMetricThreads = 2;

}  // namespace rapport::server

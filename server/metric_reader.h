// SPDX-License-Identifier: Apache-2.0
// Answers metric queries by the cheapest of three plans: event cells, stored measures with
// the customers touched since put right, or a scan. All three give the same figures.
//
// Pins the generation of its read point; needs no lock. One per request; not thread-safe.
// Cost: cells 10-100 ns each; a touched customer about 20 us; a scan see metric_scan.h.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lib/metrics/measure_cells.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/sum_table.h"
#include "rapport/v1/metric_service.pb.h"
#include "server/call_context.h"
#include "server/customer_view.h"
#include "server/generation_metrics.h"

namespace rapport::server {

class MetricReader {
 public:
  static absl::StatusOr<MetricReader> Open(const CallContext& call, const ReadPoint& at);

  // The definition of a metric id. InvalidField metric.
  absl::StatusOr<const v1::MetricDefinition*> Find(std::string_view metric) const;
  // What a definition is computed in at the read point.
  absl::StatusOr<metrics::Scope> ScopeOf(const v1::MetricDefinition& definition);

  // The whole answer but for the goal and benchmarks, which are the service's, into an empty
  // response.
  absl::Status Query(const v1::QueryMetricRequest& request, const metrics::QueryLimits& limits,
                     v1::QueryMetricResponse& response);
  absl::StatusOr<v1::QueryMetricResponse> Query(const v1::QueryMetricRequest& request);
  // Runs queries, those that need a scan in one pass. `use` gets each one's sums and plan,
  // in their order.
  using Use = absl::FunctionRef<absl::Status(size_t query, const metrics::SumTable& table,
                                             std::string_view plan)>;
  absl::Status Run(std::span<const metrics::PreparedQuery* const> queries, Use use);

  GenerationMetrics& generation() { return *generation_; }

 private:
  MetricReader(const CallContext& call, const ReadPoint& at) : call_(call), at_(at) {}
  metrics::PlanChoice Choose(const metrics::PreparedQuery& query) const;
  absl::Status RunCells(size_t index, const metrics::PreparedQuery& query, Use use);
  absl::Status RunMeasures(size_t index, const metrics::PreparedQuery& query, Use use);
  absl::Status CoverDays(const v1::MetricDefinition& definition, metrics::Scope& scope);

  const CallContext& call_;
  const ReadPoint& at_;
  std::shared_ptr<GenerationMetrics> generation_;
};

// LIVE unless asked otherwise; NIGHTLY needs a generation.
absl::StatusOr<v1::View> MetricView(v1::View asked, const store::GenerationHandle& generation);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// Benchmarks: published values of metrics by percentile. Those of one metric, industry,
// source and date are one set, replaced as a whole. Pure, thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/store/definitions.h"
#include "rapport/v1/reference.pb.h"
#include "rapport/v1/reference_service.pb.h"

namespace rapport::reference {

inline constexpr size_t kMaxBenchmarks = 50'000;  // Of a workspace.

// Says whether a metric exists: OK, or InvalidField metric with the nearest names.
using MetricCheck = absl::FunctionRef<absl::Status(std::string_view metric)>;

// InvalidField benchmarks[i].metric, .industry, .source, .date, .percentile OUT_OF_RANGE |
// DUPLICATE, .value BAD_NUMBER | NOT_RISING (a higher percentile with a lower value in the same
// set); benchmarks REQUIRED | TOO_MANY.
absl::Status CheckBenchmarks(const v1::ImportBenchmarksRequest& request, MetricCheck check_metric);

// By metric, industry, source, date, percentile. DataLoss.
absl::StatusOr<std::vector<v1::Benchmark>> ReadBenchmarks(std::span<const store::Definition> rows);

// Whether both are of one metric, industry, source and date.
bool SameSet(const v1::Benchmark& a, const v1::Benchmark& b);

// The rows that replace the sets named in the request, and how many benchmarks there are
// then. InvalidField benchmarks TOO_MANY_STORED.
struct BenchmarkUpdate {
  size_t stored = 0;
  std::vector<store::DefinitionChange> changes;
};
absl::StatusOr<BenchmarkUpdate> ReplaceBenchmarks(std::span<const v1::Benchmark> known,
                                                  const v1::ImportBenchmarksRequest& request);

}  // namespace rapport::reference

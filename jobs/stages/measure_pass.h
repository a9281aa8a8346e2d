// SPDX-License-Identifier: Apache-2.0
// Sums of metrics as the night stores them: over all customers of a workspace, or the
// generation before's with what changed customers gave it replaced by what they give now.
// Both give the same sums, since every sum is a whole number and a customer's share depends
// on its own events alone.
//
// Cost: 30 us a customer for all built-in metrics, on the run's threads.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "lib/metrics/compiled.h"
#include "lib/metrics/measure_cells.h"
#include "lib/metrics/scope.h"

namespace rapport::jobs {

// A metric to be stored, and its number in the generation before if those sums still hold.
struct StoredMeasure {
  metrics::CompiledMetric metric;  // Points to the run's scope.
  std::optional<uint32_t> number_before;
};

// In the order of `measures`. DataLoss.
absl::StatusOr<std::vector<metrics::MeasureSums>> SumMeasures(
    const Run& run, const WorkspaceRun& workspace, const std::vector<StoredMeasure>& measures);

}  // namespace rapport::jobs

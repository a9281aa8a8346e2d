// SPDX-License-Identifier: Apache-2.0
// Series cells as rows of dataset series, and back.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "lib/metrics/series.h"

namespace rapport::jobs {

// Writes the cells as one file of the workspace; returns the number of rows.
absl::StatusOr<int64_t> WriteCells(Run& run, uint32_t workspace_no, const std::string& part,
                                   const metrics::CellSums& cells);

// Reads the event cells of one version (of type `type` only, unless 0).
absl::Status ReadEventCells(
    const Run& run, store::Version version, uint32_t workspace_no, uint16_t type,
    absl::FunctionRef<void(const metrics::CellKey&, const metrics::Cell&)> visit);

}  // namespace rapport::jobs

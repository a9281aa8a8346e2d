// SPDX-License-Identifier: Apache-2.0
// A retention walk's counts as the answer that readers see: cells with rates and Wilson
// intervals, means over cohorts, value to date, and what a careful reader must know.
//
// Sorted: cohorts of time by their start, of a dimension by size and label, segments as
// asked. Shares are of settled starts; a cell nobody has settled shows the share so far and
// enters no mean. Pure; the same counts give the same bytes.
#pragma once

#include "absl/status/status.h"
#include "lib/cohorts/retention_walk.h"
#include "rapport/v1/retention.pb.h"

namespace rapport::cohorts {

// Fills all of an empty response but as_of, generation and view. InvalidField question
// TOO_MANY_CELLS above kMaxCells.
absl::Status FillRetention(const RetentionWalk& walk, v1::AnalyzeRetentionResponse* response);

// "calendar months, Europe/Berlin": how an answer names its periods.
std::string PeriodsInWords(const RetentionPlan& plan);

}  // namespace rapport::cohorts

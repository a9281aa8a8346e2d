// SPDX-License-Identifier: Apache-2.0
// Walks the events that the log brought since the generation before.
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "lib/events/batch.h"

namespace rapport::jobs {

// The first log entry that no segment of the generation before holds.
store::Sequence FirstUnsealed(const Run& run);
// Batches from `from` to the run's last entry, without payloads, in order.
absl::Status VisitLogBatches(const Run& run, store::Sequence from,
                             absl::FunctionRef<void(const events::Batch&)> visit);
absl::StatusOr<uint64_t> CountLogEvents(const Run& run, store::Sequence from);

}  // namespace rapport::jobs

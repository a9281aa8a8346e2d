// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/log_events.h"

#include "lib/base/status_macros.h"

namespace rapport::jobs {

store::Sequence FirstUnsealed(const Run& run) {
  return run.base == nullptr ? 1 : run.base->log_sequence() + 1;
}

absl::Status VisitLogBatches(const Run& run, store::Sequence from,
                             absl::FunctionRef<void(const events::Batch&)> visit) {
  events::Batch batch;
  const store::Sequence through = run.state->manifest().log_sequence();
  return run.store->log().Replay(
      from, [&](store::Sequence sequence, std::string_view bytes) -> absl::Status {
        if (sequence > through) return absl::OkStatus();
        RETURN_IF_ERROR(events::DecodeBatch(bytes, /*with_payloads=*/false, batch));
        visit(batch);
        return absl::OkStatus();
      });
}

absl::StatusOr<uint64_t> CountLogEvents(const Run& run, store::Sequence from) {
  uint64_t count = 0;
  RETURN_IF_ERROR(
      VisitLogBatches(run, from, [&](const events::Batch& batch) { count += batch.rows.size(); }));
  return count;
}

}  // namespace rapport::jobs

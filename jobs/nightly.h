// SPDX-License-Identifier: Apache-2.0
// The nightly run, from checkpoint to publication:
//
//   checkpoint > lock > (resume or start) > waves of stages > manifest > publish > report
//
// A run works on its own checkpoint and writes files beside it; until the server flips to
// the new generation, nothing it does is visible, and a failed or killed run changes
// nothing. What a killed run finished is taken up by the next run with the same options
// within 24 hours; anything else that dead runs left is removed.
//
// Errors: FailedPrecondition NIGHTLY_RUNNING when another run holds the lock,
// BASE_CHANGED when somebody published or rolled back meanwhile; Unavailable for an
// unreachable server or a full disk; DataLoss for stored bytes that do not decode.
//
//   StoreAdmin admin(...);  // or ConnectAdmin()
//   Progress progress(ProgressStyle::kLines);
//   ASSIGN_OR_RETURN(v1::Run run, RunNightly(options, admin, SystemClock(), progress));
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "jobs/admin.h"
#include "jobs/pipeline/progress.h"
#include "jobs/pipeline/runner.h"
#include "lib/base/clock.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::jobs {

struct NightlyOptions {
  std::optional<TimeMicros> as_of;  // Events after it are left out; nullopt: the run's start.
  bool full = false;                // Keep nothing of the generation before.
  int threads = 0;                  // 0: as many as the machine has cores.
  bool keep_checkpoint = false;
  int64_t id_horizon_days = 30;  // As the server's; fingerprints are kept this long.
  Drill drill;
};

// The finished run as it was reported to the server.
absl::StatusOr<v1::Run> RunNightly(const NightlyOptions& options, Admin& admin, const Clock& clock,
                                   Progress& progress);

}  // namespace rapport::jobs

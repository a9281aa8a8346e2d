// SPDX-License-Identifier: Apache-2.0
// Runs one wave: shards of customers on several threads, each customer shown to every
// stage of the wave, finished shards merged in shard order, then every stage finished.
//
// The first error in shard order ends the wave. Memory: the steps of the shards that
// wait for an earlier one, at most about two per thread.
#pragma once

#include <atomic>
#include <string>

#include "jobs/pipeline/plan.h"
#include "jobs/pipeline/progress.h"
#include "jobs/pipeline/run.h"

namespace rapport::jobs {

// For drills: where the process ends itself as if killed (exit status 137).
struct Drill {
  std::string stop_after;   // After this stage's outputs are complete and recorded.
  std::string stop_within;  // Half way through this stage.
};
// Ends the process if the drill names this stage.
void StopIf(const std::string& drilled, std::string_view stage);

// Runs the wave and appends a step per stage to `run.state`: its share of the pass (taken
// from a sample of customers) plus its own Begin and Finish.
absl::Status RunWave(Run& run, const Wave& wave, const Drill& drill, Progress& progress);

}  // namespace rapport::jobs

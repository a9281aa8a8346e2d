// SPDX-License-Identifier: Apache-2.0
// Scorers keep curves that are dear to compute, so shards hand them on. Their answers do
// not depend on what they scored before. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "jobs/pipeline/run.h"
#include "lib/facts/facts.h"

namespace rapport::jobs {

// Tonight's model of a workspace; an empty one before there is any.
const facts::WorkspaceModel& ModelOf(const Run& run, const WorkspaceRun& workspace);

class ScorerPool {
 public:
  std::unique_ptr<facts::Scorer> Take(const Run& run, const WorkspaceRun& workspace);
  void Return(const WorkspaceRun& workspace, std::unique_ptr<facts::Scorer> scorer);

 private:
  absl::Mutex mutex_;
  std::map<uint32_t, std::vector<std::unique_ptr<facts::Scorer>>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/scorer_pool.h"

#include <utility>

namespace rapport::jobs {

const facts::WorkspaceModel& ModelOf(const Run& run, const WorkspaceRun& workspace) {
  static const auto& kNoModel = *new facts::WorkspaceModel;
  const auto& models = run.state->manifest().models();
  const auto model = models.find(workspace.number);
  return model == models.end() ? kNoModel : model->second;
}

std::unique_ptr<facts::Scorer> ScorerPool::Take(const Run& run, const WorkspaceRun& workspace) {
  {
    const absl::MutexLock lock(&mutex_);
    auto& idle = idle_[workspace.number];
    if (!idle.empty()) {
      auto scorer = std::move(idle.back());
      idle.pop_back();
      return scorer;
    }
  }
  return std::make_unique<facts::Scorer>(workspace.settings, ModelOf(run, workspace));
}

void ScorerPool::Return(const WorkspaceRun& workspace, std::unique_ptr<facts::Scorer> scorer) {
  const absl::MutexLock lock(&mutex_);
  idle_[workspace.number].push_back(std::move(scorer));
}

}  // namespace rapport::jobs

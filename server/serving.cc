// SPDX-License-Identifier: Apache-2.0
#include "server/serving.h"

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace rapport::server {

absl::Status NoGeneration() {
  return FailedPrecondition("NO_GENERATION",
                            "no nightly answers are published yet: run rapport-nightly first");
}

Serving::Serving(store::Generations& generations, events::Engine& engine)
    : generations_(generations), engine_(engine), current_(generations.Current()) {}

store::GenerationHandle Serving::Current() const {
  absl::ReaderMutexLock lock(&mutex_);
  return current_;
}

absl::StatusOr<store::GenerationHandle> Serving::Published() const {
  store::GenerationHandle generation = Current();
  if (generation == nullptr) return NoGeneration();
  return generation;
}

absl::StatusOr<store::GenerationHandle> Serving::Publish(const std::string& folder,
                                                         int64_t now_micros) {
  absl::MutexLock change(&change_mutex_);
  ASSIGN_OR_RETURN(const store::GenerationHandle published,
                   generations_.Publish(folder, now_micros));
  RETURN_IF_ERROR(Show(published));
  TellWatchers();
  return published;
}

absl::StatusOr<store::GenerationHandle> Serving::Rollback() {
  absl::MutexLock change(&change_mutex_);
  ASSIGN_OR_RETURN(const store::GenerationHandle previous, generations_.Rollback());
  RETURN_IF_ERROR(Show(previous));
  TellWatchers();
  return previous;
}

void Serving::Watch(const std::weak_ptr<GenerationWatcher>& watcher) {
  absl::MutexLock lock(&watchers_mutex_);
  std::erase_if(watchers_, [](const auto& known) { return known.expired(); });
  watchers_.push_back(watcher);
}

void Serving::TellWatchers() {
  std::vector<std::shared_ptr<GenerationWatcher>> watchers;
  {
    absl::MutexLock lock(&watchers_mutex_);
    for (const auto& known : watchers_) {
      if (auto watcher = known.lock()) watchers.push_back(std::move(watcher));
    }
  }
  for (const auto& watcher : watchers) watcher->OnGeneration();
}

absl::Status Serving::Show(const store::GenerationHandle& generation) {
  {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(engine_.OnGenerationChange(generation));
    current_ = generation;
  }
  return generations_.CleanUp();
}

}  // namespace rapport::server

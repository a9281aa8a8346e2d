// SPDX-License-Identifier: Apache-2.0
// Which generation answers, in step with the engine's tail. A publish flips both together:
// whoever holds a Reading sees a generation and exactly the events that came after it.
//
//   Serving::Reading reading(serving);       // short: holds off a flip
//   Get(facts, reading.generation()) + TailEvents(...)
//
// Long scans take Current() once, a Reading per chunk, and start again with
// GENERATION_CHANGED when the two differ. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "lib/events/workspace_events.h"
#include "lib/store/generation.h"

namespace rapport::server {

// Told after every change of the generation, on the thread that made it; returns quickly.
class GenerationWatcher {
 public:
  virtual ~GenerationWatcher() = default;
  virtual void OnGeneration() = 0;
};

class Serving {
 public:
  Serving(store::Generations& generations, events::Engine& engine);

  class ABSL_SCOPED_LOCKABLE Reading {
   public:
    explicit Reading(Serving& serving) ABSL_SHARED_LOCK_FUNCTION(serving.mutex_)
        : serving_(serving) {
      serving_.mutex_.ReaderLock();
    }
    ~Reading() ABSL_UNLOCK_FUNCTION() { serving_.mutex_.ReaderUnlock(); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    // nullptr before the first publish.
    const store::GenerationHandle& generation() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return serving_.current_;
    }

   private:
    Serving& serving_;
  };

  // A pin of the generation alone, for answers without tail; nullptr before the first.
  store::GenerationHandle Current() const;
  // The same, or FailedPrecondition NO_GENERATION with a hint.
  absl::StatusOr<store::GenerationHandle> Published() const;

  // Takes a staged folder in and shows it, with the tail cut to what came after it.
  absl::StatusOr<store::GenerationHandle> Publish(const std::string& folder, int64_t now_micros);
  absl::StatusOr<store::GenerationHandle> Rollback();
  // Until the watcher is gone.
  void Watch(const std::weak_ptr<GenerationWatcher>& watcher);

 private:
  void TellWatchers();
  absl::Status Show(const store::GenerationHandle& generation);

  store::Generations& generations_;
  events::Engine& engine_;
  absl::Mutex change_mutex_;  // One publish or rollback at a time.
  mutable absl::Mutex mutex_;
  store::GenerationHandle current_ ABSL_GUARDED_BY(mutex_);
  absl::Mutex watchers_mutex_;
  std::vector<std::weak_ptr<GenerationWatcher>> watchers_ ABSL_GUARDED_BY(watchers_mutex_);
};

// FailedPrecondition NO_GENERATION.
absl::Status NoGeneration();

}  // namespace rapport::server

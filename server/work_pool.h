// SPDX-License-Identifier: Apache-2.0
// Threads for long calls, so that scans and disk waits never hold up the gRPC threads.
//
// Thread-safe. Work is taken in order; when too much waits, Run refuses it.
#pragma once

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace rapport::server {

class WorkPool {
 public:
  using Work = absl::AnyInvocable<void()>;
  WorkPool(int threads, size_t max_waiting);
  ~WorkPool();  // Finishes what waits.
  // False, with `work` untouched, when `max_waiting` pieces wait already.
  [[nodiscard]] bool Run(Work& work);
  size_t waiting() const;

 private:
  void Loop();
  const size_t max_waiting_;
  mutable absl::Mutex mutex_;
  std::deque<Work> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace rapport::server

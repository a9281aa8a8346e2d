// SPDX-License-Identifier: Apache-2.0
// Threads for long calls, so that scans and disk waits never hold up the gRPC threads.
//
// Thread-safe. Work is taken in order; when too much waits, Run refuses it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

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
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // Work came, or the end.
  std::deque<Work> queue_;           // mutex_
  bool stopping_ = false;            // mutex_
  std::vector<std::thread> threads_;
};

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
#include "server/work_pool.h"

#include <utility>

namespace rapport::server {

WorkPool::WorkPool(int threads, size_t max_waiting) : max_waiting_(max_waiting) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

WorkPool::~WorkPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool WorkPool::Run(Work& work) {
  absl::MutexLock lock(&mutex_);
  if (queue_.size() >= max_waiting_) return false;
  queue_.push_back(std::move(work));
  return true;
}

size_t WorkPool::waiting() const {
  absl::MutexLock lock(&mutex_);
  return queue_.size();
}

void WorkPool::Loop() {
  while (true) {
    Work work;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !queue_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// The open streams, so that a stopping server can ask each to end after its last
// acknowledgement. Thread-safe.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace rapport::server {

class DrainableStream {
 public:
  virtual ~DrainableStream() = default;
  // Takes no more in and ends once everything taken is acknowledged.
  virtual void Drain() = 0;
};

class Streams {
 public:
  // A stream that joins after Drain() is drained at once.
  void Join(const std::shared_ptr<DrainableStream>& stream) {
    bool draining = false;
    {
      absl::MutexLock lock(&mutex_);
      std::erase_if(streams_, [](const auto& known) { return known.expired(); });
      streams_.push_back(stream);
      draining = draining_;
    }
    if (draining) stream->Drain();
  }
  void Drain() {
    std::vector<std::weak_ptr<DrainableStream>> streams;
    {
      absl::MutexLock lock(&mutex_);
      draining_ = true;
      streams = std::move(streams_);
      streams_.clear();
    }
    for (const auto& known : streams) {
      if (auto stream = known.lock()) stream->Drain();
    }
  }

 private:
  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<DrainableStream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// Shows people how far a run is: a bar with rate and remaining time on a terminal, a line
// per wave elsewhere, nothing when quiet.
//
// Thread-safe. Draws at most ten times a second.
#pragma once

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace rapport::jobs {

enum class ProgressStyle { kQuiet, kLines, kBar };

class Progress {
 public:
  explicit Progress(ProgressStyle style) : style_(style) {}

  // A step of `total` customers begins; 0 = not counted.
  void Begin(const std::string& step, int64_t total);
  // More customers are done.
  void Advance(int64_t customers);
  void End();
  // A line of its own.
  void Say(const std::string& line);

 private:
  void Draw(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ProgressStyle style_;
  absl::Mutex mutex_;
  std::string step_ ABSL_GUARDED_BY(mutex_);
  int64_t total_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time begin_ ABSL_GUARDED_BY(mutex_);
  absl::Time drawn_ ABSL_GUARDED_BY(mutex_);
};

// "[########........]  50 %  12,000 customers/s  3 s left"
std::string ProgressText(int64_t done, int64_t total, double seconds);
// 1234567 as "1,234,567".
std::string Grouped(int64_t number);

}  // namespace rapport::jobs

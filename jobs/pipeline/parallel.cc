// SPDX-License-Identifier: Apache-2.0
#include "jobs/pipeline/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace rapport::jobs {

absl::Status InParallel(int threads, size_t count, absl::FunctionRef<absl::Status(size_t)> piece) {
  std::vector<absl::Status> statuses(count);
  std::atomic<size_t> next = 0;
  std::atomic<bool> stop = false;
  const auto work = [&] {
    for (size_t i = next++; i < count && !stop; i = next++) {
      statuses[i] = piece(i);
      if (!statuses[i].ok()) stop = true;
    }
  };
  std::vector<std::thread> others;
  const size_t wanted = std::min(count, static_cast<size_t>(std::max(threads, 1)));
  for (size_t i = 1; i < wanted; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  const auto failed = std::find_if(statuses.begin(), statuses.end(),
                                   [](const absl::Status& status) { return !status.ok(); });
  return failed == statuses.end() ? absl::OkStatus() : *failed;
}

}  // namespace rapport::jobs

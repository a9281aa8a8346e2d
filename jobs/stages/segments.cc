// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/segments.h"

#include <numeric>

namespace rapport::jobs {
namespace {

constexpr size_t kMostSegments = 4;

}  // namespace

size_t SegmentsToFold(std::span<const uint64_t> counts, uint64_t new_events) {
  const uint64_t sealed = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
  if (new_events > sealed / 4) return counts.size();
  size_t fold = 0;
  uint64_t folded = new_events;
  while (fold < counts.size() && counts[counts.size() - 1 - fold] <= 2 * folded) {
    folded += counts[counts.size() - 1 - fold];
    ++fold;
  }
  return counts.size() - fold + 1 > kMostSegments ? counts.size() : fold;
}

}  // namespace rapport::jobs

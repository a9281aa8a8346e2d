// SPDX-License-Identifier: Apache-2.0
#include "lib/math/ranks.h"

#include <algorithm>

namespace rapport::math {

void ValueHistogram::Merge(const ValueHistogram& other) {
  for (const auto& [value, count] : other.counts_) counts_[value] += count;
}

uint64_t ValueHistogram::total() const {
  uint64_t sum = 0;
  for (const auto& [value, count] : counts_) sum += count;
  return sum;
}

std::vector<std::pair<int64_t, uint64_t>> ValueHistogram::Sorted() const {
  std::vector<std::pair<int64_t, uint64_t>> sorted(counts_.begin(), counts_.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

RankCuts RankCuts::Make(const ValueHistogram& values, int buckets, Better better) {
  std::vector<std::pair<int64_t, uint64_t>> sorted = values.Sorted();
  if (better == Better::kLower) std::reverse(sorted.begin(), sorted.end());
  uint64_t total = 0;
  for (const auto& [value, count] : sorted) total += count;

  RankCuts result;
  result.better_ = better;
  const auto scores = static_cast<uint64_t>(std::max(1, buckets));
  uint64_t worse = 0;
  for (const auto& [value, count] : sorted) {
    if (count == 0) continue;
    // 128 bits: counts may be any weights.
    const auto score = static_cast<unsigned __int128>(worse) * scores / total;
    while (result.cuts_.size() < static_cast<size_t>(score)) result.cuts_.push_back(value);
    worse += count;
  }
  return result;
}

RankCuts RankCuts::FromCuts(std::vector<int64_t> cuts, Better better) {
  RankCuts result;
  result.cuts_ = std::move(cuts);
  result.better_ = better;
  return result;
}

int RankCuts::Score(int64_t value) const {
  const auto passed = better_ == Better::kHigher
                          ? std::upper_bound(cuts_.begin(), cuts_.end(), value)
                          : std::upper_bound(cuts_.begin(), cuts_.end(), value,
                                             [](int64_t a, int64_t b) { return a > b; });
  return 1 + static_cast<int>(passed - cuts_.begin());
}

}  // namespace rapport::math

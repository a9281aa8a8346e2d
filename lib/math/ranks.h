// SPDX-License-Identifier: Apache-2.0
// Rank scores: quintiles, deciles and any 1..buckets score of "how good among all".
//
// The rule, in one sentence: a value scores k when at least (k - 1) / buckets of all
// customers are strictly worse, so score = 1 + floor(buckets * worse / n). Ties always
// share one score, a score may stay empty when many tie, and the worst value scores 1.
// The arithmetic is on integers, so the result never depends on the order of input.
//
// ValueHistogram counts exact values and merges in any order; RankCuts turns it into
// at most buckets - 1 borders, and scoring one value is a search among those.
// Threads: a histogram is not thread-safe (one per shard, then Merge); cuts are.
// Cost: one hash entry per distinct value; cuts sort the distinct values once.
//
//   ValueHistogram spend;  for (...) spend.Add(micros);
//   RankCuts quintiles = RankCuts::Make(spend, 5, Better::kHigher);
//   int score = quintiles.Score(micros);
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace rapport::math {

class ValueHistogram {
 public:
  void Add(int64_t value, uint64_t count = 1) { counts_[value] += count; }
  void Merge(const ValueHistogram& other);
  uint64_t total() const;
  size_t distinct() const { return counts_.size(); }
  // Distinct values ascending with their counts.
  std::vector<std::pair<int64_t, uint64_t>> Sorted() const;

 private:
  absl::flat_hash_map<int64_t, uint64_t> counts_;
};

enum class Better : uint8_t { kHigher = 1, kLower = 2 };

class RankCuts {
 public:
  // All values score 1 before Make.
  RankCuts() = default;
  static RankCuts Make(const ValueHistogram& values, int buckets, Better better);
  // From stored borders, as cuts() gave them.
  static RankCuts FromCuts(std::vector<int64_t> cuts, Better better);

  // 1 (worst) .. buckets (best). A value not in the histogram scores like its neighbour
  // on the worse side.
  int Score(int64_t value) const;
  // cuts()[k] is the worst value that scores k + 2 or more; one entry per border, worse
  // first, with equal entries where scores stay empty and fewer at the top when nobody
  // reaches those scores.
  const std::vector<int64_t>& cuts() const { return cuts_; }
  Better better() const { return better_; }

 private:
  std::vector<int64_t> cuts_;
  Better better_ = Better::kHigher;
};

}  // namespace rapport::math

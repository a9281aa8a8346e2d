// SPDX-License-Identifier: Apache-2.0
// Differences of shares in one answer: interval, test, and p-values corrected together for
// the number of tests (Benjamini-Hochberg) once all are in. Not thread-safe.
#pragma once

#include <vector>

#include "lib/math/significance.h"
#include "lib/math/stats.h"
#include "rapport/v1/answer.pb.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::journey {

inline constexpr double kConfidence = 0.95;
inline constexpr double kSignificance = 0.05;

// successes / trials with its Wilson interval; nothing without trials.
void FillShare(int64_t successes, int64_t trials, double* share, v1::Interval* interval);

class TestedDifferences {
 public:
  // Fills `out` with second less first; it must stay where it is until Correct.
  void Add(const math::Proportion& first, const math::Proportion& second, v1::Difference* out);
  // Fills corrected p-values and what is significant; call once.
  void Correct();
  // Tests that gave a p-value.
  int64_t count() const { return count_; }

 private:
  std::vector<v1::Difference*> differences_;
  int64_t count_ = 0;
};

void FillDifference(const math::Difference& difference, double first, v1::Difference* out);

}  // namespace rapport::journey

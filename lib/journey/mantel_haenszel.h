// SPDX-License-Identifier: Apache-2.0
// Difference of two rates over strata: Mantel-Haenszel risk difference.
//
// d = sum w (x1/n1 - x0/n0) / sum w with w = n1 n0 / (n1 + n0), of strata with both sides.
// Variance of Sato (Biometrics 45, 1989, p. 1323), which holds for few large strata and for
// many sparse ones: (d sum P + sum Q) / (sum w)^2 with
//   P = (n1^2 x0 - n0^2 x1 + n1 n0 (n0 - n1) / 2) / N^2
//   Q = (x1 (n0 - x0) + x0 (n1 - x1)) / (2 N),  N = n1 + n0.
// Strata add up in any order. Pure; values.
#pragma once

#include <cstdint>

#include "lib/math/significance.h"

namespace rapport::journey {

// Successes and sizes of both sides of a stratum: 1 made the step, 0 is the control.
struct Stratum {
  int64_t x1 = 0, n1 = 0;
  int64_t x0 = 0, n0 = 0;
};

class MantelHaenszel {
 public:
  // Strata with one side alone say nothing and are left out.
  void Add(const Stratum& stratum);
  // Change: side 1 less side 0. No test below math::kMinimumTrials matched on a side, or
  // when nothing varies.
  math::Difference Result(double confidence) const;
  // Rates weighted as in the difference; 0 without strata.
  double rate1() const { return weight_ > 0 ? rate1_ / weight_ : 0; }
  double rate0() const { return weight_ > 0 ? rate0_ / weight_ : 0; }
  int64_t strata() const { return strata_; }
  int64_t matched1() const { return matched1_; }
  int64_t matched0() const { return matched0_; }

 private:
  double weight_ = 0, rate1_ = 0, rate0_ = 0, p_ = 0, q_ = 0;
  int64_t strata_ = 0, matched1_ = 0, matched0_ = 0;
};

}  // namespace rapport::journey

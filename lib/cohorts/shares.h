// SPDX-License-Identifier: Apache-2.0
// Shares with their Wilson intervals, as answers carry them.
#pragma once

#include <cstdint>

#include "lib/math/stats.h"
#include "rapport/v1/answer.pb.h"

namespace rapport::cohorts {

inline constexpr double kConfidence = 0.95;

// part / whole; 0 and no interval when there is no whole.
inline double FillShare(int64_t part, int64_t whole, v1::Interval* interval) {
  const auto wilson =
      math::WilsonInterval(static_cast<uint64_t>(part), static_cast<uint64_t>(whole), kConfidence);
  if (!wilson) return 0;
  interval->set_low(wilson->low);
  interval->set_high(wilson->high);
  interval->set_level(kConfidence);
  interval->set_method("wilson");
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace rapport::cohorts

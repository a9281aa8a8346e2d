// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/mantel_haenszel.h"

#include <algorithm>
#include <cmath>

namespace rapport::journey {

void MantelHaenszel::Add(const Stratum& stratum) {
  if (stratum.n1 == 0 || stratum.n0 == 0) return;
  const auto n1 = static_cast<double>(stratum.n1), n0 = static_cast<double>(stratum.n0);
  const auto x1 = static_cast<double>(stratum.x1), x0 = static_cast<double>(stratum.x0);
  const double n = n1 + n0, weight = n1 * n0 / n;
  weight_ += weight;
  rate1_ += weight * x1 / n1;
  rate0_ += weight * x0 / n0;
  p_ += (n1 * n1 * x0 - n0 * n0 * x1 + n1 * n0 * (n0 - n1) / 2) / (n * n);
  q_ += (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * n);
  ++strata_;
  matched1_ += stratum.n1;
  matched0_ += stratum.n0;
}

math::Difference MantelHaenszel::Result(double confidence) const {
  math::Difference result;
  result.method = "no customers matched";
  if (strata_ == 0) return result;
  const double change = rate1() - rate0();
  result.change = change;
  const double variance = (change * p_ + q_) / (weight_ * weight_);
  result.method = "no test: nothing varies";
  if (!(variance > 0)) return result;
  const double error = std::sqrt(variance), z = math::TwoSidedZ(confidence);
  result.interval =
      math::Interval{change, std::max(-1.0, change - z * error), std::min(1.0, change + z * error)};
  result.method = "no test: fewer than 50 matched on a side";
  if (std::min(matched1_, matched0_) < math::kMinimumTrials) return result;
  result.p_value = 2 * math::NormalCdf(-std::abs(change) / error);
  result.method = "mantel-haenszel z, Sato variance";
  return result;
}

}  // namespace rapport::journey

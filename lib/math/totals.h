// SPDX-License-Identifier: Apache-2.0
// Intervals of counts, of sums and of ratios of sums.
//
// Two-sided at `confidence` in (0, 1); nullopt instead of an interval that would not hold:
// invalid arguments, too few observations, or no spread to judge by. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/math/stats.h"

namespace rapport::math {

// A count of events that come independently (Poisson). Garwood 1936, exact: the low limit
// is the quantile of Gamma(n) at (1 - confidence) / 2, the high one of Gamma(n + 1) at the
// other tail. Below kExactCounts by the inverse incomplete gamma function (about 1 us),
// above by the Cornish-Fisher expansion of that quantile, within 1e-9 of it.
inline constexpr uint64_t kExactCounts = 1000;
std::optional<Interval> PoissonInterval(uint64_t events, double confidence);

// A sum of independent contributions whose number is chance too (compound Poisson): its
// variance is the sum of squares (Campbell's theorem); normal interval. nullopt below
// kMinimumContributions, where a sum is far from normal.
inline constexpr int64_t kMinimumContributions = 10;
std::optional<Interval> CompoundInterval(int64_t contributions, double sum, double sum_of_squares,
                                         double confidence);

// Sums over units (customers) of x, y and their squares and product, in one unit.
struct RatioSums {
  int64_t units = 0;
  long double x = 0, y = 0;
  long double xx = 0, xy = 0, yy = 0;
};
// R = sum y / sum x of units drawn independently. Linearised (the delta method): the
// variance of R is n / (n - 1) x sum (y - R x)^2 / (sum x)^2 (Cochran 1977, Sampling
// Techniques, 3rd ed., 2.11), here with Student's t of n - 1 degrees. nullopt below two
// units, for sum x <= 0, and when all units have the same ratio.
std::optional<Interval> RatioInterval(const RatioSums& sums, double confidence);

}  // namespace rapport::math

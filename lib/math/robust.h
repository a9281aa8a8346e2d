// SPDX-License-Identifier: Apache-2.0
// Location, spread and slope that a few wild values do not move.
//
// Pure and thread-safe. Empty input gives nullopt. Cost: a partial sort; TheilSen is
// quadratic in the number of points.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace rapport::math {

// Middle value, mean of the two middle ones when even. Takes the values to reorder them.
std::optional<double> Median(std::vector<double> values);

// 1.4826 x median |value - centre|: the standard deviation for normal values. Half of the
// values may be arbitrary before it breaks.
inline constexpr double kMadToSigma = 1.4826022185056018;
std::optional<double> MadSigma(std::span<const double> values, double centre);

struct TrendPoint {
  double at = 0;
  double value = 0;
};
// Theil 1950, Sen 1968: median slope over all pairs of points. nullopt without two points
// at different places. 29 % of the points may be arbitrary.
std::optional<double> TheilSenSlope(std::span<const TrendPoint> points);

}  // namespace rapport::math

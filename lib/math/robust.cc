// SPDX-License-Identifier: Apache-2.0
#include "lib/math/robust.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace rapport::math {

std::optional<double> Median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  const double below = *std::max_element(values.begin(), middle);
  return below + (*middle - below) / 2;
}

std::optional<double> MadSigma(std::span<const double> values, double centre) {
  std::vector<double> distances;
  distances.reserve(values.size());
  for (double value : values) distances.push_back(std::fabs(value - centre));
  const std::optional<double> median = Median(std::move(distances));
  if (!median.has_value()) return std::nullopt;
  return kMadToSigma * *median;
}

std::optional<double> TheilSenSlope(std::span<const TrendPoint> points) {
  std::vector<double> slopes;
  slopes.reserve(points.size() * points.size() / 2);
  for (size_t i = 0; i < points.size(); ++i) {
    for (size_t j = i + 1; j < points.size(); ++j) {
      const double way = points[j].at - points[i].at;
      if (way != 0) slopes.push_back((points[j].value - points[i].value) / way);
    }
  }
  return Median(std::move(slopes));
}

}  // namespace rapport::math

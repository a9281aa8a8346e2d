// SPDX-License-Identifier: Apache-2.0
#include "lib/math/totals.h"

#include <algorithm>
#include <cmath>

#include "lib/math/incomplete_beta.h"
#include "lib/math/incomplete_gamma.h"

namespace rapport::math {
namespace {

bool ValidConfidence(double confidence) { return confidence > 0 && confidence < 1; }

// The quantile of Gamma(a, 1) at the normal quantile z: Cornish and Fisher's expansion in
// 1 / sqrt(a) (Abramowitz and Stegun 26.2.49 with the cumulants of the gamma distribution).
double LargeGammaQuantile(double a, double z) {
  const double z2 = z * z, z3 = z2 * z, z4 = z2 * z2, z5 = z4 * z;
  const double root = std::sqrt(a);
  return a + z * root + (z2 - 1) / 3 + (z3 - 7 * z) / (36 * root) -
         (3 * z4 + 7 * z2 - 16) / (810 * a) + (9 * z5 + 256 * z3 - 433 * z) / (38880 * a * root) +
         (12 * z4 * z2 - 243 * z4 - 923 * z2 + 1472) / (204120 * a * a);
}

}  // namespace

std::optional<Interval> PoissonInterval(uint64_t events, double confidence) {
  if (!ValidConfidence(confidence)) return std::nullopt;
  const double tail = (1 - confidence) / 2;
  const auto n = static_cast<double>(events);
  if (events < kExactCounts) {
    return Interval{n, events == 0 ? 0 : GammaPInverse(n, tail), GammaQInverse(n + 1, tail)};
  }
  const double z = TwoSidedZ(confidence);
  return Interval{n, LargeGammaQuantile(n, -z), LargeGammaQuantile(n + 1, z)};
}

std::optional<Interval> CompoundInterval(int64_t contributions, double sum, double sum_of_squares,
                                         double confidence) {
  if (!ValidConfidence(confidence) || contributions < kMinimumContributions ||
      !(sum_of_squares > 0) || !std::isfinite(sum) || !std::isfinite(sum_of_squares)) {
    return std::nullopt;
  }
  const double half = TwoSidedZ(confidence) * std::sqrt(sum_of_squares);
  return Interval{sum, sum - half, sum + half};
}

std::optional<Interval> RatioInterval(const RatioSums& sums, double confidence) {
  if (!ValidConfidence(confidence) || sums.units < 2 || !(sums.x > 0)) return std::nullopt;
  const long double ratio = sums.y / sums.x;
  const long double squares = sums.yy - 2 * ratio * sums.xy + ratio * ratio * sums.xx;
  // Below this share of what was subtracted the rest is rounding.
  constexpr long double kRounding = 1e-15L;
  if (!(squares > kRounding * (sums.yy + ratio * ratio * sums.xx))) return std::nullopt;
  const auto n = static_cast<long double>(sums.units);
  const auto error = static_cast<double>(std::sqrt(n / (n - 1) * squares) / sums.x);
  const auto estimate = static_cast<double>(ratio);
  const double half = StudentTwoSidedT(confidence, static_cast<double>(sums.units - 1)) * error;
  return Interval{estimate, estimate - half, estimate + half};
}

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/value_quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "lib/math/special.h"
#include "lib/math/stats.h"

namespace rapport::value {
namespace {

constexpr double kPanelWidth = 1.5;  // In log(alpha + T).
constexpr double kFirstProbit = -3.25;
constexpr double kProbitStep = 0.25;
constexpr double kCovered = 0.9999;  // Of the counts; the rest joins the last.
constexpr uint32_t kMostPurchases = 65'536;
constexpr uint32_t kSingleCounts = 16;  // Beyond, neighbours are taken together.
constexpr double kGroupGrowth = 1.12;
constexpr size_t kGrid = 96;  // Points of the distribution function.

// Chebyshev points on (0, 1).
double PointAt(size_t i, size_t n) {
  return 0.5 *
         (1 + std::cos(std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(n)));
}

// Lagrange weights at `place` in (0, 1) for the Chebyshev points (barycentric form,
// Berrut and Trefethen 2004).
template <size_t N>
std::array<double, N> InterpolationWeights(double place) {
  std::array<double, N> weights{};
  double sum = 0;
  for (size_t i = 0; i < N; ++i) {
    const double distance = place - PointAt(i, N);
    if (std::fabs(distance) < 1e-14) {
      weights.fill(0);
      weights[i] = 1;
      return weights;
    }
    const double angle = std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(N);
    weights[i] = (i % 2 == 0 ? 1 : -1) * std::sin(angle) / distance;
    sum += weights[i];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace

ValueQuantiles::ValueQuantiles(const BgNbd& purchases, const std::optional<GammaGamma>& spend,
                               double horizon_days)
    : purchases_(purchases), spend_(spend), horizon_days_(horizon_days) {}

// P(n purchases | alive now), up to a count that covers nearly all.
std::vector<double> ValueQuantiles::CountsOf(uint32_t frequency, double age_days) const {
  // The last purchase does not matter to a customer who is alive.
  const PurchaseHistory history{
      .frequency = frequency, .recency_days = frequency > 0 ? age_days : 0, .age_days = age_days};
  const double any = purchases_.ProbabilityOfPurchase(history, horizon_days_);
  for (uint32_t most = 64;; most *= 4) {
    std::vector<double> counts = purchases_.FuturePurchases(history, horizon_days_, most);
    const double seen = std::accumulate(counts.begin() + 1, counts.end(), 0.0);
    if (seen < kCovered * any && most < kMostPurchases) continue;
    counts.back() += std::max(0.0, any - seen);
    for (double& p : counts) p /= any;
    return counts;
  }
}

std::vector<ValueQuantiles::Part> ValueQuantiles::PartsOf(uint32_t frequency, double age_days,
                                                          ValueSpread spread) const {
  double p = 1, log_mean = 0, log_variance = 0;
  if (spread != ValueSpread::kPlain) {
    const GammaGammaParameters& spend = spend_->parameters();
    p = spend.p;
    const double shape = spend.q + (spread == ValueSpread::kOwn ? p * frequency : 0);
    log_mean = math::Digamma(shape);
    log_variance = math::Trigamma(shape);
  }
  const std::vector<double> counts = CountsOf(frequency, age_days);
  std::vector<Part> parts;
  for (size_t begin = 1; begin < counts.size();) {
    const size_t end = begin < kSingleCounts
                           ? begin + 1
                           : static_cast<size_t>(static_cast<double>(begin) * kGroupGrowth) + 1;
    double weight = 0, sum = 0;
    for (; begin < std::min(end, counts.size()); ++begin) {
      weight += counts[begin];
      sum += counts[begin] * static_cast<double>(begin);
    }
    if (weight < 1e-12) continue;
    const double shape = p * sum / weight;
    parts.push_back(
        {weight, math::Digamma(shape) - log_mean, std::sqrt(math::Trigamma(shape) + log_variance)});
  }
  return parts;
}

// Draws the distribution function over a grid and reads it backwards; between grid points
// the logarithm is close to linear in the probit.
ValueQuantiles::Column ValueQuantiles::Draw(uint32_t frequency, double age_days,
                                            ValueSpread spread) const {
  const std::vector<Part> parts = PartsOf(frequency, age_days, spread);
  double low = parts.front().mean, high = low;
  for (const Part& part : parts) {
    low = std::min(low, part.mean - 4 * part.sigma);
    high = std::max(high, part.mean + 4 * part.sigma);
  }
  Column column{};
  const double step = (high - low) / static_cast<double>(kGrid - 1);
  double previous = -std::numeric_limits<double>::infinity();
  size_t next = 0;
  for (size_t i = 0; i < kGrid && next < kProbits; ++i) {
    const double at = low + step * static_cast<double>(i);
    double cdf = 0;
    for (const Part& part : parts) {
      cdf += part.weight * math::NormalCdf((at - part.mean) / part.sigma);
    }
    const double probit = math::NormalQuantile(std::min(cdf, 1 - 1e-12));
    for (; next < kProbits; ++next) {
      const double wanted = kFirstProbit + kProbitStep * static_cast<double>(next);
      if (wanted > probit) break;
      const bool between = std::isfinite(previous) && probit > previous;
      column[next] = between ? at - step * (probit - wanted) / (probit - previous) : at;
    }
    previous = probit;
  }
  for (; next < kProbits; ++next) column[next] = high;
  return column;
}

const ValueQuantiles::Table& ValueQuantiles::TableAt(uint32_t frequency, uint32_t panel,
                                                     ValueSpread spread) {
  const std::pair key(frequency, panel * 3 + static_cast<uint32_t>(spread));
  std::unique_ptr<Table>& table = tables_[key];
  if (table != nullptr) return *table;
  table = std::make_unique<Table>();
  const BgNbdParameters& p = purchases_.parameters();
  for (size_t i = 0; i < kAges; ++i) {
    const double age = p.alpha * std::expm1(kPanelWidth * (panel + PointAt(i, kAges)));
    (*table)[i] = Draw(frequency, age * p.time_unit_days, spread);
  }
  return *table;
}

double ValueQuantiles::Quantile(uint32_t frequency, double age_days, ValueSpread spread,
                                double probability) {
  const BgNbdParameters& p = purchases_.parameters();
  const double place = std::log1p(age_days / p.time_unit_days / p.alpha) / kPanelWidth;
  const auto panel = static_cast<uint32_t>(place);
  const Table& table = TableAt(frequency, panel, spread);
  const double position = std::clamp(
      (math::NormalQuantile(probability) - kFirstProbit) / kProbitStep, -4.0, kProbits + 3.0);
  // Beyond the first and last probit the end slope goes on.
  const double cell = std::clamp(std::floor(position), 0.0, kProbits - 2.0);
  const auto row = static_cast<size_t>(cell);
  const std::array<double, kAges> weights = InterpolationWeights<kAges>(place - panel);
  double low = 0, high = 0;
  for (size_t i = 0; i < kAges; ++i) {
    low += weights[i] * table[i][row];
    high += weights[i] * table[i][row + 1];
  }
  return std::exp(low + (position - cell) * (high - low));
}

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/stats.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "boost/math/policies/policy.hpp"
#include "boost/math/special_functions/erf.hpp"

namespace rapport::math {
namespace {

namespace policies = boost::math::policies;
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::promote_double<false>>;

bool ValidConfidence(double confidence) { return confidence > 0 && confidence < 1; }

}  // namespace

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double NormalQuantile(double p) {
  if (std::isnan(p)) return p;
  if (p <= 0) return -std::numeric_limits<double>::infinity();
  if (p >= 1) return std::numeric_limits<double>::infinity();
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p, Quiet());
}

double TwoSidedZ(double confidence) {
  // Nearly all intervals are at 95 %, and a quantile takes as long as a point of a series.
  constexpr double kUsual = 0.95;
  static const double usual = -NormalQuantile((1 - kUsual) / 2);
  return confidence == kUsual ? usual : -NormalQuantile((1 - confidence) / 2);
}

std::optional<Interval> WilsonInterval(uint64_t successes, uint64_t trials, double confidence) {
  if (trials == 0 || successes > trials || !ValidConfidence(confidence)) return std::nullopt;
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double z = TwoSidedZ(confidence);
  const double shrink = 1 + z * z / n;
  const double center = (p + z * z / (2 * n)) / shrink;
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / shrink;
  return Interval{p, successes == 0 ? 0 : std::max(0.0, center - half),
                  successes == trials ? 1 : std::min(1.0, center + half)};
}

std::optional<Interval> NpsInterval(uint64_t promoters, uint64_t detractors, uint64_t responses,
                                    double confidence) {
  if (responses == 0 || promoters > responses || detractors > responses - promoters ||
      !ValidConfidence(confidence)) {
    return std::nullopt;
  }
  const double n = static_cast<double>(responses);
  const double p = static_cast<double>(promoters) / n;
  const double d = static_cast<double>(detractors) / n;
  const double variance = std::max(0.0, p + d - (p - d) * (p - d));
  const double half = 100 * TwoSidedZ(confidence) * std::sqrt(variance / n);
  const double score = 100 * (p - d);
  return Interval{score, std::max(-100.0, score - half), std::min(100.0, score + half)};
}

std::optional<Interval> MeanInterval(uint64_t n, double sum, double sum_of_squares,
                                     double confidence) {
  if (n < 2 || !ValidConfidence(confidence) || !std::isfinite(sum) ||
      !std::isfinite(sum_of_squares)) {
    return std::nullopt;
  }
  const double count = static_cast<double>(n);
  const double mean = sum / count;
  const double variance = std::max(0.0, (sum_of_squares - sum * mean) / (count - 1));
  const double half = TwoSidedZ(confidence) * std::sqrt(variance / count);
  return Interval{mean, mean - half, mean + half};
}

std::optional<double> SortedQuantile(std::span<const double> ascending, double p) {
  if (ascending.empty() || !(p >= 0 && p <= 1)) return std::nullopt;
  const double position = p * static_cast<double>(ascending.size() - 1);
  const size_t below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, ascending.size() - 1);
  const double fraction = position - static_cast<double>(below);
  return ascending[below] + fraction * (ascending[above] - ascending[below]);
}

void Correlation::Add(double x, double y, double weight) {
  if (weight <= 0) return;
  if (n_ == 0) {
    x0_ = x;
    y0_ = y;
  }
  const double dx = x - x0_;
  const double dy = y - y0_;
  n_ += weight;
  x_ += weight * dx;
  y_ += weight * dy;
  xx_ += weight * dx * dx;
  xy_ += weight * dx * dy;
  yy_ += weight * dy * dy;
}

std::optional<double> Correlation::Pearson() const {
  if (n_ < 2) return std::nullopt;
  const double vx = xx_ - x_ * x_ / n_;
  const double vy = yy_ - y_ * y_ / n_;
  // Below this share of the raw square a variance is rounding.
  constexpr double kNoise = 1e-13;
  if (vx <= kNoise * xx_ || vy <= kNoise * yy_) return std::nullopt;
  return std::clamp((xy_ - x_ * y_ / n_) / std::sqrt(vx * vy), -1.0, 1.0);
}

std::optional<Interval> Correlation::PearsonInterval(double confidence) const {
  const std::optional<double> rho = Pearson();
  if (!rho.has_value() || n_ < 4 || !ValidConfidence(confidence)) return std::nullopt;
  const double half = TwoSidedZ(confidence) / std::sqrt(n_ - 3);
  const double center = std::atanh(*rho);
  if (std::isinf(center)) return Interval{*rho, *rho, *rho};
  return Interval{*rho, std::tanh(center - half), std::tanh(center + half)};
}

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/subscription_equity.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rapport::facts {
namespace {

constexpr double kMicros = static_cast<double>(kMicrosPerUnit);
constexpr double kLargest = 1e30;  // Of one subscription's whole numbers.

__int128 WholeOf(double number) {
  if (std::isnan(number)) return 0;
  return static_cast<__int128>(std::nearbyint(std::clamp(number, -kLargest, kLargest)));
}

}  // namespace

void SubscriptionSums::Add(std::span<const SubscriptionPart> parts) {
  for (const SubscriptionPart& part : parts) {
    const double micros = part.unit * kMicros;
    total_ += WholeOf(part.future->discounted * micros);
    variance_ += WholeOf(part.future->variance * micros * micros);
    std::array<__int128, 3>& slopes = slopes_[part.future->fit];
    for (size_t i = 0; i < std::min(slopes.size(), part.future->slopes.size()); ++i) {
      slopes[i] += WholeOf(part.future->slopes[i] * micros);
    }
  }
}

void SubscriptionSums::Merge(const SubscriptionSums& other) {
  total_ += other.total_;
  variance_ += other.variance_;
  for (const auto& [fit, slopes] : other.slopes_) {
    for (size_t i = 0; i < slopes.size(); ++i) slopes_[fit][i] += slopes[i];
  }
}

SubscriptionEquity SubscriptionSums::Result(const RetentionFits& fits) const {
  double variance = 0;
  for (const auto& [fit, sums] : slopes_) {
    const value::RetentionFit& retention = fits.at(fit).fit;
    std::vector<double> slopes;
    for (size_t i = 0; i < retention.summary.parameters.size(); ++i) {
      slopes.push_back(static_cast<double>(sums[i]) / kMicros);
    }
    variance += value::ParameterVariance(retention, slopes).value_or(0);
  }
  return {static_cast<double>(total_) / kMicros, std::sqrt(variance),
          std::sqrt(static_cast<double>(variance_)) / kMicros};
}

}  // namespace rapport::facts

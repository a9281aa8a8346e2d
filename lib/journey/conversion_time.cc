// SPDX-License-Identifier: Apache-2.0
#include "lib/journey/conversion_time.h"

#include <algorithm>
#include <cmath>

#include "lib/base/clock.h"

namespace rapport::journey {
namespace {

constexpr int kMaxBins = 60;
constexpr int64_t kLeastWidth = 60;  // Seconds, when all times are equal.
constexpr double kTail = 0.9;

double Seconds(double micros) { return micros / static_cast<double>(kMicrosPerSecond); }

// Hyndman-Fan type 7 as math::SortedQuantile, without sorting: `times` are put in another
// order.
double QuantileOf(std::vector<int64_t>& times, double p) {
  const double rank = static_cast<double>(times.size() - 1) * p;
  const auto low = static_cast<int64_t>(rank);
  const auto at = times.begin() + low;
  std::nth_element(times.begin(), at, times.end());
  const auto lower = static_cast<double>(*at);
  const double part = rank - static_cast<double>(low);
  if (part == 0 || at + 1 == times.end()) return lower;
  const auto upper = static_cast<double>(*std::min_element(at + 1, times.end()));
  return lower + part * (upper - lower);
}

// Width: the span in whole seconds over the bins, rounded up; one bin more than asked for,
// since the largest time may lie on its edge.
void FillBins(const std::vector<int64_t>& times, int bins, v1::ConversionTime* out) {
  if (bins == 0) {
    const double root = std::ceil(std::cbrt(static_cast<double>(times.size())) - 1e-9);
    bins = std::clamp(static_cast<int>(root), 1, kMaxBins);
  }
  const auto [least, most] = std::ranges::minmax(times);
  const int64_t first = least / kMicrosPerSecond;
  const int64_t last = (most + kMicrosPerSecond - 1) / kMicrosPerSecond;
  int64_t width = (last - first + bins - 1) / bins;
  if (width == 0) width = kLeastWidth;
  std::vector<int64_t> counts(static_cast<size_t>(bins) + 1);
  for (const int64_t time : times) {
    ++counts[static_cast<size_t>((time - first * kMicrosPerSecond) / (width * kMicrosPerSecond))];
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    v1::TimeBin& bin = *out->add_bins();
    bin.set_from_seconds(static_cast<double>(first + static_cast<int64_t>(i) * width));
    bin.set_count(counts[i]);
  }
}

}  // namespace

void FillTimes(const math::Moments& moments, v1::ConversionTime* out) {
  out->set_count(moments.count());
  if (const auto mean = moments.Mean()) out->set_mean_seconds(Seconds(*mean));
}

void FillTimes(const math::Moments& moments, std::vector<int64_t> times, int bins,
               v1::ConversionTime* out) {
  FillTimes(moments, out);
  if (times.empty()) return;
  out->set_median_seconds(Seconds(QuantileOf(times, 0.5)));
  out->set_p90_seconds(Seconds(QuantileOf(times, kTail)));
  FillBins(times, bins, out);
}

void FillTimes(const math::QuantileSketch& sketch, v1::ConversionTime* out) {
  FillTimes(sketch.moments(), out);
  const auto median = sketch.Quantile(0.5), tail = sketch.Quantile(kTail);
  if (!median || !tail) return;
  out->set_median_seconds(Seconds(median->value));
  out->set_p90_seconds(Seconds(tail->value));
  out->set_relative_error(std::max(median->relative_error, tail->relative_error));
}

}  // namespace rapport::journey

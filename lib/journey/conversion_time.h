// SPDX-License-Identifier: Apache-2.0
// How long conversions took: mean, quantiles and bins as PostHog draws them.
// Times are micros. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/math/moments.h"
#include "lib/math/quantile_sketch.h"
#include "rapport/v1/journey.pb.h"

namespace rapport::journey {

// Of every time: mean from the exact sum, median and 90th percentile by linear interpolation
// (Hyndman-Fan type 7), bins. `bins` 0: ceil(cbrt(n)), at most 60. Nothing without times.
void FillTimes(const math::Moments& moments, std::vector<int64_t> times, int bins,
               v1::ConversionTime* out);
// Of sums alone: count and mean.
void FillTimes(const math::Moments& moments, v1::ConversionTime* out);
// Of a sketch: count, mean and quantiles.
void FillTimes(const math::QuantileSketch& sketch, v1::ConversionTime* out);

}  // namespace rapport::journey

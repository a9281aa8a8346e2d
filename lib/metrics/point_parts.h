// SPDX-License-Identifier: Apache-2.0
// What values and their comparisons both read from sums. Internal to lib/metrics; pure.
#pragma once

#include <optional>

#include "lib/math/significance.h"
#include "lib/metrics/sums.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

inline constexpr double kConfidence = 0.95;
inline constexpr double kPercent = 100;

// Size, mean and variance of mapped scores.
math::SampleMean ScoreMean(const v1::MetricDefinition& definition, const Sums& sums);
// Of kinds with count, sum and squares; per customer of FREQUENCY (events), STICKINESS (days)
// and CLV_SIMPLE (money). In units.
math::SampleMean PlainMean(const v1::MetricDefinition& definition, const Sums& sums);
bool IsPlainMean(v1::MetricKind kind);
// Sum of squares in units.
long double SquaresOf(const v1::MetricDefinition& definition, const Sums& sums);
// -1 for the mean.
double QuantileOf(v1::Statistic statistic);
// Nullopt for kinds that are no shares of whole things.
std::optional<math::Proportion> ProportionOf(const v1::MetricDefinition& definition,
                                             const Sums& sums);

}  // namespace rapport::metrics

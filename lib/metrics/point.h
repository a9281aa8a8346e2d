// SPDX-License-Identifier: Apache-2.0
// From sums to values: the division, the interval and the test of each kind of maths.
// Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "lib/math/significance.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/sums.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

// What a value depends on beside its sums.
struct PointContext {
  const v1::MetricDefinition& definition;
  const Scope& scope;
  v1::Statistic statistic = v1::STATISTIC_MEAN;
  double customer_years = 1;  // For clv_simple.
};

// Sets value, interval, numerator, denominator, sample_size, quantiles and histogram. No
// value when the denominator is empty.
void FillPoint(const PointContext& context, const TimeWindow& covers, const Sums& sums,
               v1::MetricPoint& point);

// Second less first. Windows give exposures (length in days) to counts and sums.
math::Difference Compare(const PointContext& context, const TimeWindow& first_covers,
                         const Sums& first, const TimeWindow& second_covers, const Sums& second);

// Answers above the positive cut and below the negative one; scores mapped to the
// definition's scale.
struct ScoreCounts {
  int64_t positive = 0;
  int64_t negative = 0;
  int64_t answers = 0;
};
ScoreCounts CountScores(const v1::MetricDefinition& definition, const Sums& sums);
// Sum and sum of squares of mapped scores, in units.
struct ScoreMoments {
  double sum = 0;
  double squares = 0;
};
ScoreMoments ScoreMomentsOf(const v1::MetricDefinition& definition, const Sums& sums);

// The interpretation of a value: label of the last band that begins at or below it.
std::string BandOf(const v1::MetricDefinition& definition, double value);

// A part of recurring revenue; the level at the end without one.
PaidSums RecurringPartOf(v1::RecurringPart part, const RecurringSums& sums);

}  // namespace rapport::metrics

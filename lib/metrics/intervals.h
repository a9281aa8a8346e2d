// SPDX-License-Identifier: Apache-2.0
// Intervals of the kinds of maths whose value is more than a share, a score or a mean, and
// why a value has no interval. Internal to lib/metrics but for IntervalWords; pure.
//
// All at kConfidence. Formulas and their sources: lib/math/totals.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/math/significance.h"
#include "lib/math/totals.h"
#include "lib/metrics/point.h"

namespace rapport::metrics {

// Of a number of events, sessions or customers: Garwood's. Small ones come from a table, so
// that a point of a long series costs some ns.
std::optional<math::Interval> CountInterval(int64_t count);

// Of a sum of money, `value` in units: compound Poisson, not below 0 unless refunds are taken
// off.
std::optional<math::Interval> MoneyInterval(const v1::MetricDefinition& definition,
                                            const Sums& sums, double value);
// Of what moved recurring revenue (new, expansion, ...): one contribution per customer.
std::optional<math::Interval> MovesInterval(const PaidSums& moves);
math::Total TotalOf(const PaidSums& moves);

// Of the revenue ratios, over the customers with some at the start, in percent. Retention is
// 1 + the ratio of the change to the start, and losses are their ratio. Within what the
// figure can be.
std::optional<math::Interval> RevenueInterval(v1::MetricKind kind, const RecurringSums& sums);

// STICKINESS and CLV_SIMPLE as means over customers, in the value's unit. With d days of a
// window of D each, the stickiness is the mean of 100 d / D. With money m, the simple value
// is the mean of m, times what makes it of all orders and of `years`: amounts without a rate
// and the length of the range are taken as known. That is the delta method for the product
// of order value and order frequency, since the number of orders cancels.
math::SampleMean MeanOverCustomers(const PointContext& context, const TimeWindow& covers,
                                   const Sums& sums);
std::optional<math::Interval> CustomersInterval(const math::SampleMean& mean);
// Days of a window that have begun, at least 1.
double DaysBegun(const PointContext& context, const TimeWindow& covers);

// Of net growth, in percent: joining, coming back and leaving as independent Poisson counts,
// whose difference has the variance of their sum (Skellam 1946).
std::optional<math::Interval> GrowthInterval(const MemberSums& members);

// Why a value of this definition has no interval, as a part of a sentence.
std::string WhyNoInterval(const v1::MetricDefinition& definition, const v1::MetricPoint& point);
// How the intervals of a definition are made, for docs/metrics.md.
std::string_view IntervalWords(const v1::MetricDefinition& definition);

}  // namespace rapport::metrics

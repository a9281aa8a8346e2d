// SPDX-License-Identifier: Apache-2.0
// Whether two figures differ: change, interval of the change and two-sided p-value.
//
// "First" is the period before or the other group, change = second - first in the figure's
// own unit. Every function gives a Difference whose `method` names the test, or says why
// there is no p-value: a refusal is an answer, not an error. Minimum samples follow
// domain practice: at least kMinimumTrials on each side, and n p and n (1 - p) >= 5 for
// shares. Intervals are given wherever they hold, also below those sizes.
// Samples are taken as independent: not the same answers counted twice.
//
// Pure and thread-safe; no NaN comes out. Confidence in (0, 1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/math/moments.h"
#include "lib/math/stats.h"

namespace rapport::math {

inline constexpr int64_t kMinimumTrials = 50;
inline constexpr int64_t kMinimumCell = 5;

struct Difference {
  std::optional<double> change;      // Absent when a side has no observations.
  std::optional<Interval> interval;  // Of the change; its estimate is the change.
  std::optional<double> p_value;     // Absent when there is no test.
  std::string_view method;           // The test, or why there is none. Static text.
};

// The same in another unit: shares to percent. p-value and method stay.
Difference Scaled(Difference difference, double factor);

struct Proportion {
  int64_t successes = 0;
  int64_t trials = 0;
};
// Pooled z test, z = (p2 - p1) / sqrt(p (1 - p) (1/n1 + 1/n2)), p of both together.
// Interval: Newcombe 1998, method 10, from the two Wilson intervals [l, u]: below the change
// by sqrt((p2 - l2)^2 + (u1 - p1)^2), above it by sqrt((u2 - p2)^2 + (p1 - l1)^2).
Difference CompareProportions(const Proportion& first, const Proportion& second, double confidence);

// Sizes, means and sample variances (n - 1).
struct SampleMean {
  int64_t n = 0;
  double mean = 0;
  double variance = 0;
};
SampleMean MeanOf(const Moments& moments);
// Welch 1947: t = (m2 - m1) / sqrt(v1/n1 + v2/n2), degrees of freedom by Satterthwaite.
// The interval needs two values on each side, the test kMinimumTrials.
Difference CompareMeans(const SampleMean& first, const SampleMean& second, double confidence);

struct NetScore {
  int64_t positive = 0;  // Promoters.
  int64_t negative = 0;  // Detractors.
  int64_t answers = 0;
};
// On the -100..100 scale. Variance of one answer p + d - (p - d)^2 (multinomial); z test and
// interval with the sum of both sides' variances, unpooled.
Difference CompareNetScores(const NetScore& first, const NetScore& second, double confidence);

// Events in a time or per head. Exposure > 0 in any unit; equal exposures of 1 give the
// change in counts.
struct EventCount {
  int64_t events = 0;
  double exposure = 1;
};
// Change of the rate, events / exposure. Given the total N, the second count is binomial
// (N, e2 / (e1 + e2)): exact, two-sided by doubling the smaller tail (Przyborowski and
// Wilenski 1940). Interval: as Newcombe's, from Garwood's exact Poisson limits (Li, Tang
// and Wong 2014). Holds for events that come one by one and independently; where a few
// customers make many use CompareTotals with per-customer sums.
Difference CompareCounts(const EventCount& first, const EventCount& second, double confidence);

// Sum of independent contributions (amounts of orders; sums per customer).
struct Total {
  int64_t contributions = 0;
  double sum = 0;
  double sum_of_squares = 0;
  double exposure = 1;
};
// Change of sum / exposure. Compound Poisson: the variance of a sum is the sum of squares.
// z test and interval, unpooled.
Difference CompareTotals(const Total& first, const Total& second, double confidence);

// Figures known by their own intervals alone, both at `confidence` (quantiles, ratios of
// sums). Interval: as Newcombe's; the p-value is 2 Phi(-z |change| / d) with d the
// interval's half towards 0, so it is below 1 - confidence exactly when 0 is outside
// (Donner and Zou 2012, MOVER). Conservative for intervals by ranks.
Difference CompareIntervals(const std::optional<Interval>& first,
                            const std::optional<Interval>& second, double confidence);

// Benjamini and Hochberg 1995: p-values that keep the share of false discoveries among the
// significant ones below the level, for independent or positively dependent tests. In the
// order of the input; absent ones (and NaN) are not counted and stay absent.
std::vector<std::optional<double>> AdjustBenjaminiHochberg(
    std::span<const std::optional<double>> p_values);

}  // namespace rapport::math

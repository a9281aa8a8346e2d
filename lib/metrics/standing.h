// SPDX-License-Identifier: Apache-2.0
// Where a value stands: among published figures of others, and on the way to a goal.
//
// Pure and thread-safe. Values are finite.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "lib/math/ranks.h"
#include "lib/math/robust.h"

namespace rapport::metrics {

// A published figure: `percentile` % of companies are at or below `value`.
struct PublishedValue {
  double percentile = 0;
  double value = 0;
};

// Tiers of Google Ads' BenchmarksService, half-open: developing below 10, entry 10-25,
// emerging 25-50, competitor 50-75, strong 75-90, leader from 90. Numbers are those of
// v1.BenchmarkTier.
enum class Tier : uint8_t {
  kUnknown = 0,
  kDeveloping = 1,
  kEntry = 2,
  kEmerging = 3,
  kCompetitor = 4,
  kStrong = 5,
  kLeader = 6,
};
Tier TierOf(double percentile);

struct Standing {
  std::optional<double> percentile;  // In the better direction; absent outside the published.
  Tier tier = Tier::kUnknown;
};

// InvalidArgument on `value` or `percentile` unless percentiles lie in (0, 100) and are
// distinct, and values do not fall as percentiles rise. Any order.
absl::Status CheckPublished(std::span<const PublishedValue> published);

// Linear interpolation of the percentile between neighbouring published values; a value
// that several percentiles share has the best of them. Where lower is better the
// percentile is 100 - p. Beyond the last published value the tier is still known when that
// is 90 or better, and below the first when that is 10 or worse. Unknown for an empty or
// inconsistent (CheckPublished) input.
Standing StandingOf(double value, std::span<const PublishedValue> published, math::Better better);

// How a metric adds up over the period of a goal.
enum class GoalMeasure : uint8_t {
  kSum = 1,     // Grows through the period: counts, revenue.
  kPeriod = 2,  // One figure of the whole period: rates, scores, means, quantiles.
  kLevel = 3,   // A state at its end: customers on the books, recurring revenue.
};

struct GoalState {
  double target = 0;
  math::Better better = math::Better::kHigher;
  GoalMeasure measure = GoalMeasure::kPeriod;
  // Of a whole period before; what the way to the target is measured from. For sums where
  // higher is better the way begins at 0.
  std::optional<double> baseline;
  std::optional<double> current;  // From the start until now (kLevel: now).
  double elapsed_days = 0;        // Since the start; beyond total_days: over.
  double total_days = 0;          // > 0.
  // The metric by bucket since the start, `at` in days; for the trend. May be empty.
  std::span<const math::TrendPoint> points;
  // What the metric can be; projections are cut there. Absent: anything.
  std::optional<double> minimum;
  std::optional<double> maximum;
};

struct GoalProgress {
  // Share of the goal's time that is over, 0-1.
  double elapsed = 0;
  // (current - baseline) / (target - baseline): below 0 when moving away, 1 and more when
  // reached. Sums: current / target where higher is better; where lower is better the
  // target is a ceiling for the period's sum, and the projection stands for the current
  // value. When the baseline is at the target or past it, it is to be held: 1 while it
  // holds, else 0. Absent without what it is made of, except that a target met without a
  // baseline is 1.
  std::optional<double> attainment;
  // Value at the end. Sums: current / elapsed, the same pace (the week's shape is not
  // considered); absent at elapsed 0. Others: current + slope x days to go, with the
  // Theil-Sen slope of 3 points or more (else 0); half of that for kPeriod, since the past
  // part of the period stays in the figure. Absent without a current value.
  std::optional<double> projection;
  // The projection is at the target or better.
  bool on_track = false;
  // The current value is, and the period is over or it is a sum that only grows.
  bool reached = false;
};
GoalProgress ProgressOf(const GoalState& state);

}  // namespace rapport::metrics

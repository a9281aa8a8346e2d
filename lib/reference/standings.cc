// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/standings.h"

#include <cmath>
#include <cstdio>
#include <string>

#include "lib/base/text.h"
#include "lib/math/robust.h"
#include "lib/metrics/standing.h"
#include "lib/reference/benchmarks.h"

namespace rapport::reference {
namespace {

constexpr CivilDays kDailyTrendDays = 31;
constexpr CivilDays kWeeklyTrendDays = 184;

metrics::GoalMeasure MeasureOf(const v1::MetricDefinition& definition) {
  switch (definition.kind()) {
    case v1::METRIC_KIND_COUNT:
    case v1::METRIC_KIND_MONEY_SUM:
      return metrics::GoalMeasure::kSum;
    case v1::METRIC_KIND_SESSION:
      return definition.session().figure() == v1::SESSION_FIGURE_COUNT
                 ? metrics::GoalMeasure::kSum
                 : metrics::GoalMeasure::kPeriod;
    case v1::METRIC_KIND_CUSTOMER_COUNT:
    case v1::METRIC_KIND_FACT_MEAN:
    case v1::METRIC_KIND_ENGAGEMENT_SCORE:
      return metrics::GoalMeasure::kLevel;
    case v1::METRIC_KIND_RECURRING_REVENUE:
      return definition.recurring_part() == v1::RECURRING_PART_END ? metrics::GoalMeasure::kLevel
                                                                   : metrics::GoalMeasure::kPeriod;
    default:
      return metrics::GoalMeasure::kPeriod;
  }
}

// Shares cannot leave 0-100 %; other percentages can.
bool IsShare(v1::MetricKind kind) {
  switch (kind) {
    case v1::METRIC_KIND_SCORE_SHARE:
    case v1::METRIC_KIND_RETENTION:
    case v1::METRIC_KIND_CHURN:
    case v1::METRIC_KIND_REPEAT_RATE:
    case v1::METRIC_KIND_CONVERSION:
    case v1::METRIC_KIND_STICKINESS:
    case v1::METRIC_KIND_GROSS_REVENUE_RETENTION:
      return true;
    default:
      return false;
  }
}

void SetLimits(const v1::MetricDefinition& definition, metrics::GoalState& state) {
  if (definition.unit() == v1::METRIC_UNIT_POINTS) {
    state.minimum = -100;
    state.maximum = 100;
  } else if (IsShare(definition.kind())) {
    state.minimum = 0;
    state.maximum = 100;
  } else if (definition.unit() == v1::METRIC_UNIT_COUNT ||
             definition.unit() == v1::METRIC_UNIT_SECONDS) {
    state.minimum = 0;
  }
}

// Without a direction of the metric the goal's own: from the baseline to the target.
math::Better BetterOf(const v1::MetricDefinition& definition, double target,
                      std::optional<double> baseline) {
  if (definition.direction() == v1::DIRECTION_LOWER) return math::Better::kLower;
  if (definition.direction() == v1::DIRECTION_HIGHER) return math::Better::kHigher;
  return baseline.value_or(target) > target ? math::Better::kLower : math::Better::kHigher;
}

std::optional<double> ValueOf(const v1::MetricPoint& point) {
  return point.has_value() ? std::optional(point.value()) : std::nullopt;
}

// Days from the goal's start to the middle of each bucket.
std::vector<math::TrendPoint> TrendOf(const v1::Goal& goal, const GoalFigures& figures) {
  std::vector<math::TrendPoint> trend;
  const auto start = ParseDate(goal.start_date());
  for (const v1::MetricPoint& point : figures.trend) {
    const auto begin = ParseDate(point.start_date()), end = ParseDate(point.end_date());
    if (!point.has_value() || point.incomplete() || !start.ok() || !begin.ok() || !end.ok())
      continue;
    trend.push_back({(*begin + *end) / 2.0 - *start, point.value()});
  }
  return trend;
}

std::string Shown(double value, v1::MetricUnit unit) {
  char text[64];
  const bool whole = unit == v1::METRIC_UNIT_COUNT && std::floor(value) == value;
  std::snprintf(text, sizeof text, "%.*f", whole ? 0 : 2, value);
  return Cat(text, unit == v1::METRIC_UNIT_PERCENT   ? " %"
                   : unit == v1::METRIC_UNIT_SECONDS ? " s"
                                                     : "");
}

std::string Summary(const v1::Goal& goal, const v1::MetricDefinition& definition,
                    const metrics::GoalProgress& progress, std::optional<double> current) {
  const v1::MetricUnit unit = definition.unit();
  const std::string target = Shown(goal.target(), unit);
  if (progress.elapsed <= 0) return Cat("Not begun; the target is ", target, ".");
  if (!current.has_value()) return Cat("No value yet; the target is ", target, ".");
  const std::string now = Shown(*current, unit);
  if (progress.elapsed >= 1) {
    return Cat(progress.reached ? "Reached: " : "Missed: ", now, ", the target was ", target, ".");
  }
  if (progress.reached) return Cat("Reached: ", now, ", the target is ", target, ".");
  if (!progress.projection.has_value()) return Cat(now, " of ", target, ".");
  return Cat(progress.on_track ? "On track: " : "Not on track: ", now, " of ", target, " after ",
             std::lround(progress.elapsed * 100), " % of the time; ",
             Shown(*progress.projection, unit), " by ", goal.end_date(), " if it goes on so.");
}

metrics::GoalState StateOf(const v1::Goal& goal, const v1::MetricDefinition& definition,
                           const GoalFigures& figures) {
  metrics::GoalState state;
  state.target = goal.target();
  state.measure = MeasureOf(definition);
  if (goal.has_baseline()) {
    state.baseline = goal.baseline();
  } else if (figures.before.has_value()) {
    state.baseline = ValueOf(*figures.before);
  }
  state.better = BetterOf(definition, goal.target(), state.baseline);
  state.current = ValueOf(figures.current);
  state.elapsed_days = figures.elapsed_days;
  const auto start = ParseDate(goal.start_date()), end = ParseDate(goal.end_date());
  state.total_days = start.ok() && end.ok() ? *end - *start : 1;
  SetLimits(definition, state);
  return state;
}

}  // namespace

bool NeedsBaseline(const v1::Goal& goal, const v1::MetricDefinition& definition) {
  const bool rising_sum = MeasureOf(definition) == metrics::GoalMeasure::kSum &&
                          definition.direction() == v1::DIRECTION_HIGHER;
  return !goal.has_baseline() && !rising_sum;
}

bool NeedsTrend(const v1::MetricDefinition& definition) {
  return MeasureOf(definition) != metrics::GoalMeasure::kSum;
}

v1::Granularity TrendGranularity(CivilDays days) {
  if (days <= kDailyTrendDays) return v1::GRANULARITY_DAY;
  return days <= kWeeklyTrendDays ? v1::GRANULARITY_WEEK : v1::GRANULARITY_MONTH;
}

v1::GoalAttainment AttainmentOf(const v1::Goal& goal, const v1::MetricDefinition& definition,
                                const GoalFigures& figures) {
  metrics::GoalState state = StateOf(goal, definition, figures);
  const std::vector<math::TrendPoint> trend = TrendOf(goal, figures);
  state.points = trend;
  const metrics::GoalProgress progress = metrics::ProgressOf(state);
  v1::GoalAttainment attainment;
  *attainment.mutable_goal() = goal;
  *attainment.mutable_current() = figures.current;
  if (state.baseline.has_value()) attainment.set_baseline(*state.baseline);
  if (progress.attainment.has_value()) attainment.set_attainment(*progress.attainment);
  attainment.set_elapsed(progress.elapsed);
  if (progress.projection.has_value()) attainment.set_projection(*progress.projection);
  attainment.set_on_track(progress.on_track);
  attainment.set_summary(Summary(goal, definition, progress, state.current));
  return attainment;
}

const v1::Goal* GoalFor(const Book& book, std::string_view metric, std::string_view filter,
                        CivilDays today) {
  const std::string date = FormatDate(today);  // Dates of four-digit years compare as text.
  const v1::Goal* best = nullptr;
  for (const v1::Goal& goal : book.goals) {
    if (goal.metric() != metric || goal.filter() != filter) continue;
    if (goal.start_date() > date || goal.end_date() <= date) continue;
    if (best == nullptr || goal.end_date() < best->end_date()) best = &goal;
  }
  return best;
}

std::vector<v1::BenchmarkStanding> StandingsOf(const Book& book,
                                               const v1::MetricDefinition& definition,
                                               std::optional<double> value) {
  std::vector<v1::BenchmarkStanding> standings;
  for (const v1::Benchmark& benchmark : book.benchmarks) {
    if (benchmark.metric() != definition.metric()) continue;
    const bool follows =
        !standings.empty() && SameSet(*standings.back().published().rbegin(), benchmark);
    if (!follows) {
      v1::BenchmarkStanding& standing = standings.emplace_back();
      standing.set_industry(benchmark.industry());
      standing.set_source(benchmark.source());
      standing.set_date(benchmark.date());
    }
    *standings.back().add_published() = benchmark;
  }
  if (!value.has_value()) return standings;
  const auto better =
      definition.direction() == v1::DIRECTION_LOWER ? math::Better::kLower : math::Better::kHigher;
  for (v1::BenchmarkStanding& standing : standings) {
    std::vector<metrics::PublishedValue> published;
    for (const v1::Benchmark& benchmark : standing.published()) {
      published.push_back({benchmark.percentile(), benchmark.value()});
    }
    const metrics::Standing found = metrics::StandingOf(*value, published, better);
    if (found.percentile.has_value()) standing.set_percentile(*found.percentile);
    standing.set_tier(static_cast<v1::BenchmarkTier>(found.tier));
  }
  return standings;
}

}  // namespace rapport::reference

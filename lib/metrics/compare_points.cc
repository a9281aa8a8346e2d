// SPDX-License-Identifier: Apache-2.0
// Whether two figures differ: the test of each kind of maths (lib/math/significance.h).
#include <algorithm>
#include <cmath>

#include "lib/metrics/intervals.h"
#include "lib/metrics/point.h"
#include "lib/metrics/point_parts.h"

namespace rapport::metrics {
namespace {

// Length of a window as far as it is over, in days.
double ExposureOf(const PointContext& context, const TimeWindow& window) {
  const TimeMicros end = std::min(window.end, context.scope.as_of + 1);
  return std::max<double>(1, static_cast<double>(end - window.begin)) /
         static_cast<double>(kMicrosPerDay);
}

math::Difference WithoutTest(const PointContext& context, const v1::MetricPoint& first,
                             const v1::MetricPoint& second) {
  math::Difference difference;
  if (first.has_value() && second.has_value()) difference.change = second.value() - first.value();
  difference.method = IsLevel(context.definition.kind()) ? "no test: a level, not a sample"
                                                         : "no test for this kind of figure";
  return difference;
}

// Figures known by their intervals; the test needs as many observations as the others do.
math::Difference OfIntervals(const std::optional<math::Interval>& first,
                             const std::optional<math::Interval>& second, int64_t fewest) {
  math::Difference difference = math::CompareIntervals(first, second, kConfidence);
  if (!difference.p_value || fewest >= math::kMinimumTrials) return difference;
  difference.p_value.reset();
  difference.method = "fewer than 50 observations on one side";
  return difference;
}

// The change is that of the figures; rates are tested, so that a longer range is no growth.
math::Difference OfRates(math::Difference tested, double change, bool same_length) {
  tested.change = change;
  if (!same_length) tested.interval.reset();
  return tested;
}

math::Difference CompareSums(const PointContext& context, const TimeWindow& first_covers,
                             const Sums& first, const TimeWindow& second_covers,
                             const Sums& second) {
  double before = ExposureOf(context, first_covers), after = ExposureOf(context, second_covers);
  // An hour of daylight saving is no difference in length. Customers of a month are compared
  // with those of the next as they are: they do not grow in step with days.
  const bool distinct = context.definition.kind() == v1::METRIC_KIND_DISTINCT_CUSTOMERS;
  const bool same = distinct ? std::max(before, after) < 1.15 * std::min(before, after)
                             : std::abs(before - after) < 0.1;
  if (same) before = after = 1;
  if (distinct && !same) {
    math::Difference difference;
    difference.change = static_cast<double>(second.count - first.count);
    difference.method = "no test: distinct customers do not grow in step with time";
    return difference;
  }
  if (!IsMoneyKind(context.definition.kind())) {
    return OfRates(math::CompareCounts({first.count, before}, {second.count, after}, kConfidence),
                   static_cast<double>(second.count - first.count), same);
  }
  const v1::MetricDefinition& definition = context.definition;
  const double factor = definition.factor() == 0 ? 1 : definition.factor();
  const auto total = [&](const Sums& sums, double exposure) {
    math::Total made;
    if (IsRecurringMove(definition)) {
      made = TotalOf(RecurringPartOf(definition.recurring_part(), sums.parts().recurring));
      made.sum *= factor;
      made.sum_of_squares *= factor * factor;
    } else {
      made.contributions = sums.count;
      made.sum = UnitsOf(MicrosOf(sums.sum));
      made.sum_of_squares = static_cast<double>(SquaresOf(definition, sums));
    }
    made.exposure = exposure;
    return made;
  };
  const math::Total a = total(first, before), b = total(second, after);
  return OfRates(math::CompareTotals(a, b, kConfidence), b.sum - a.sum, same);
}

// Events over what a reference series says: rates, with the series as exposure.
math::Difference CompareReferenceRates(const v1::MetricPoint& first,
                                       const v1::MetricPoint& second) {
  const auto count = [](const v1::MetricPoint& point) {
    return math::EventCount{point.sample_size(), point.denominator()};
  };
  return math::Scaled(math::CompareCounts(count(first), count(second), kConfidence), kPercent);
}

// Kinds that are compared by what their points say; nullopt: there is no test.
std::optional<math::Difference> ComparePoints(const v1::MetricDefinition& definition,
                                              const Sums& first_sums, const v1::MetricPoint& first,
                                              const Sums& second_sums,
                                              const v1::MetricPoint& second) {
  if (!first.has_value() || !second.has_value()) return std::nullopt;
  const int64_t fewest = std::min(first.sample_size(), second.sample_size());
  switch (definition.kind()) {
    case v1::METRIC_KIND_REFERENCE_RATIO:
      return CompareReferenceRates(first, second);
    case v1::METRIC_KIND_NET_REVENUE_RETENTION:
    case v1::METRIC_KIND_GROSS_REVENUE_RETENTION:
    case v1::METRIC_KIND_REVENUE_CHURN:
      return OfIntervals(RevenueInterval(definition.kind(), first_sums.parts().recurring),
                         RevenueInterval(definition.kind(), second_sums.parts().recurring), fewest);
    case v1::METRIC_KIND_NET_GROWTH:
      return OfIntervals(GrowthInterval(first_sums.parts().members),
                         GrowthInterval(second_sums.parts().members), fewest);
    default:
      return std::nullopt;
  }
}

math::Difference CompareDistributions(const PointContext& context, const Sums& first,
                                      const Sums& second) {
  constexpr double kUnit = 1.0 / kMicrosPerUnit;
  const math::QuantileSketch &a = first.parts().sketch, &b = second.parts().sketch;
  const double p = QuantileOf(context.statistic);
  if (p < 0) {
    return math::Scaled(
        math::CompareMeans(math::MeanOf(a.moments()), math::MeanOf(b.moments()), kConfidence),
        kUnit);
  }
  math::Difference difference =
      math::Scaled(math::CompareIntervals(a.QuantileInterval(p, kConfidence),
                                          b.QuantileInterval(p, kConfidence), kConfidence),
                   kUnit);
  const auto before = a.Quantile(p), after = b.Quantile(p);
  if (before && after) difference.change = (after->value - before->value) * kUnit;
  return difference;
}

math::NetScore NetScoreOf(const v1::MetricDefinition& definition, const Sums& sums) {
  const ScoreCounts counts = CountScores(definition, sums);
  return {counts.positive, counts.negative, counts.answers};
}

}  // namespace

math::Difference Compare(const PointContext& context, const TimeWindow& first_covers,
                         const Sums& first, const TimeWindow& second_covers, const Sums& second) {
  const v1::MetricDefinition& definition = context.definition;
  const v1::MetricKind kind = definition.kind();
  const auto before = ProportionOf(definition, first), after = ProportionOf(definition, second);
  const auto is_share = [](const math::Proportion& share) {
    return share.successes >= 0 && share.successes <= share.trials;
  };
  if (before && is_share(*before) && is_share(*after)) {
    return math::Scaled(math::CompareProportions(*before, *after, kConfidence), kPercent);
  }
  if (IsDistribution(definition)) return CompareDistributions(context, first, second);
  if (IsPlainMean(kind)) {
    return math::CompareMeans(PlainMean(definition, first), PlainMean(definition, second),
                              kConfidence);
  }
  if (kind == v1::METRIC_KIND_NET_SCORE) {
    return math::CompareNetScores(NetScoreOf(definition, first), NetScoreOf(definition, second),
                                  kConfidence);
  }
  if (kind == v1::METRIC_KIND_SCORE_MEAN) {
    return math::CompareMeans(ScoreMean(definition, first), ScoreMean(definition, second),
                              kConfidence);
  }
  if (kind == v1::METRIC_KIND_STICKINESS || kind == v1::METRIC_KIND_CLV_SIMPLE) {
    return math::CompareMeans(MeanOverCustomers(context, first_covers, first),
                              MeanOverCustomers(context, second_covers, second), kConfidence);
  }
  if (kind == v1::METRIC_KIND_MONEY_SUM || kind == v1::METRIC_KIND_COUNT ||
      kind == v1::METRIC_KIND_DISTINCT_CUSTOMERS || IsRecurringMove(definition) ||
      (kind == v1::METRIC_KIND_SESSION && !before)) {
    return CompareSums(context, first_covers, first, second_covers, second);
  }
  v1::MetricPoint a, b;
  FillPoint(context, first_covers, first, a);
  FillPoint(context, second_covers, second, b);
  if (auto compared = ComparePoints(definition, first, a, second, b)) {
    // The change is that of the values, also where one of them has no interval.
    if (!compared->change) compared->change = b.value() - a.value();
    return *compared;
  }
  return WithoutTest(context, a, b);
}

}  // namespace rapport::metrics

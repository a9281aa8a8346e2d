// SPDX-License-Identifier: Apache-2.0
// Whether two figures differ: the test of each kind of maths (lib/math/significance.h).
#include <algorithm>
#include <cmath>

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
  // An hour of daylight saving is no difference in length.
  const bool same = std::abs(before - after) < 0.1;
  if (same) before = after = 1;
  if (!IsMoneyKind(context.definition.kind())) {
    return OfRates(math::CompareCounts({first.count, before}, {second.count, after}, kConfidence),
                   static_cast<double>(second.count - first.count), same);
  }
  const auto total = [&](const Sums& sums, double exposure) {
    return math::Total{.contributions = sums.count,
                       .sum = UnitsOf(MicrosOf(sums.sum)),
                       .sum_of_squares = static_cast<double>(SquaresOf(context.definition, sums)),
                       .exposure = exposure};
  };
  const math::Total a = total(first, before), b = total(second, after);
  return OfRates(math::CompareTotals(a, b, kConfidence), b.sum - a.sum, same);
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
  if (kind == v1::METRIC_KIND_MONEY_SUM || kind == v1::METRIC_KIND_COUNT ||
      (kind == v1::METRIC_KIND_SESSION && !before)) {
    return CompareSums(context, first_covers, first, second_covers, second);
  }
  v1::MetricPoint a, b;
  FillPoint(context, first_covers, first, a);
  FillPoint(context, second_covers, second, b);
  return WithoutTest(context, a, b);
}

}  // namespace rapport::metrics

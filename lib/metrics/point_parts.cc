// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/point_parts.h"

#include <algorithm>

#include "lib/metrics/kinds.h"
#include "lib/metrics/point.h"

namespace rapport::metrics {
namespace {

// Size, mean and variance of values with these sums, in units.
math::SampleMean MeanFrom(int64_t n, long double sum, long double squares) {
  math::SampleMean mean;
  mean.n = n;
  if (n <= 0) return mean;
  const auto count = static_cast<long double>(n);
  mean.mean = static_cast<double>(sum / count);
  if (n < 2) return mean;
  const long double variance = (squares - sum * sum / count) / (count - 1);
  mean.variance = static_cast<double>(std::max(variance, 0.0L));
  return mean;
}

}  // namespace

math::SampleMean ScoreMean(const v1::MetricDefinition& definition, const Sums& sums) {
  const ScoreMoments moments = ScoreMomentsOf(definition, sums);
  return MeanFrom(CountScores(definition, sums).answers, moments.sum, moments.squares);
}

long double SquaresOf(const v1::MetricDefinition& definition, const Sums& sums) {
  constexpr long double kUnit = kMicrosPerUnit;
  // Of money times nanos. Engagement and facts are in units already.
  const bool converted =
      ShapeOf(definition.kind()) == Shape::kEvents && IsMoneyKind(definition.kind());
  const long double unit = converted ? kUnit * kNanosPerRate : kUnit;
  return sums.squares.AsReal() / (unit * unit);
}

math::SampleMean PlainMean(const v1::MetricDefinition& definition, const Sums& sums) {
  constexpr long double kUnit = kMicrosPerUnit;
  const long double squares = SquaresOf(definition, sums);
  const v1::MetricKind kind = definition.kind();
  if (kind == v1::METRIC_KIND_FREQUENCY || kind == v1::METRIC_KIND_STICKINESS) {
    return MeanFrom(sums.base, static_cast<long double>(sums.count), squares);
  }
  const Int128 micros = IsMoneyKind(kind) ? MicrosOf(sums.sum) : sums.sum;
  return MeanFrom(kind == v1::METRIC_KIND_CLV_SIMPLE ? sums.base : sums.count,
                  static_cast<long double>(micros) / kUnit, squares);
}

double QuantileOf(v1::Statistic statistic) {
  switch (statistic) {
    case v1::STATISTIC_MEDIAN:
      return 0.5;
    case v1::STATISTIC_P75:
      return 0.75;
    case v1::STATISTIC_P90:
      return 0.9;
    case v1::STATISTIC_P95:
      return 0.95;
    case v1::STATISTIC_P99:
      return 0.99;
    default:
      return -1;
  }
}

std::optional<math::Proportion> ProportionOf(const v1::MetricDefinition& definition,
                                             const Sums& sums) {
  math::Proportion share{sums.count, sums.base};
  switch (definition.kind()) {
    case v1::METRIC_KIND_SCORE_SHARE: {
      const ScoreCounts counts = CountScores(definition, sums);
      share = {counts.positive, counts.answers};
      break;
    }
    case v1::METRIC_KIND_RETENTION: {
      const MemberSums& members = sums.parts().members;
      share = {members.at_end() - members.joined, members.at_start};
      break;
    }
    case v1::METRIC_KIND_CHURN:
      share = {sums.parts().members.left, sums.parts().members.at_start};
      break;
    case v1::METRIC_KIND_COUNT_RATIO:
    case v1::METRIC_KIND_CONVERSION:
    case v1::METRIC_KIND_REPEAT_RATE:
    case v1::METRIC_KIND_DISTINCT_RATIO:
      break;
    case v1::METRIC_KIND_SESSION:
      if (definition.session().figure() == v1::SESSION_FIGURE_BOUNCE ||
          definition.session().figure() == v1::SESSION_FIGURE_ENGAGED) {
        break;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
  if (definition.complement()) share.successes = share.trials - share.successes;
  return share;
}

bool IsPlainMean(v1::MetricKind kind) {
  return kind == v1::METRIC_KIND_MONEY_PER_COUNT || kind == v1::METRIC_KIND_VALUE_MEAN ||
         kind == v1::METRIC_KIND_FREQUENCY || kind == v1::METRIC_KIND_ENGAGEMENT_SCORE ||
         kind == v1::METRIC_KIND_FACT_MEAN;
}

}  // namespace rapport::metrics

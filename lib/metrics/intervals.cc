// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/intervals.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lib/base/text.h"
#include "lib/math/incomplete_beta.h"
#include "lib/metrics/kinds.h"
#include "lib/metrics/point_parts.h"

namespace rapport::metrics {
namespace {

constexpr double kLargest = std::numeric_limits<double>::infinity();

double Units(Int128 converted) { return UnitsOf(MicrosOf(converted)); }

std::optional<math::Interval> Within(std::optional<math::Interval> interval, double lowest,
                                     double highest) {
  if (!interval) return interval;
  interval->low = std::clamp(interval->low, lowest, highest);
  interval->high = std::clamp(interval->high, lowest, highest);
  return interval;
}

// Customers with some at the start: it, and what it changed by (retention) or lost, in micros.
math::RatioSums RatioOf(v1::MetricKind kind, const RecurringSums& sums) {
  const auto real = [](auto value) { return static_cast<long double>(value); };
  const auto micros = [&](const PaidSums& part) { return real(MicrosOf(part.money)); };
  math::RatioSums ratio;
  ratio.units = sums.start.customers;
  ratio.x = micros(sums.start);
  ratio.xx = real(sums.start.squares);
  ratio.y = micros(sums.contraction) + micros(sums.churned);
  ratio.yy = real(sums.contraction.squares + sums.churned.squares);
  ratio.xy = real(sums.start_contraction + sums.churned.squares);
  if (kind != v1::METRIC_KIND_NET_REVENUE_RETENTION) return ratio;
  // A customer expands or loses, never both.
  ratio.y -= micros(sums.expansion);
  ratio.yy += real(sums.expansion.squares);
  ratio.xy -= real(sums.start_expansion);
  return ratio;
}

double YearFactor(const PointContext& context, const TimeWindow& covers, const Sums& sums) {
  const int64_t valued = sums.count - sums.left_out;
  if (valued <= 0) return 0;
  const double all = static_cast<double>(sums.count) / static_cast<double>(valued);
  return all * context.customer_years / YearsIn(covers.first_day, covers.end_day);
}

// Kinds of which a bucket's figure is known in full.
bool IsStanding(const v1::MetricDefinition& definition) {
  return definition.kind() == v1::METRIC_KIND_CUSTOMER_COUNT ||
         (definition.kind() == v1::METRIC_KIND_RECURRING_REVENUE && !IsRecurringMove(definition));
}

}  // namespace

std::optional<math::Interval> CountInterval(int64_t count) {
  if (count < 0) return std::nullopt;
  static const auto& small = *new std::array<math::Interval, math::kExactCounts>([] {
    std::array<math::Interval, math::kExactCounts> made;
    for (size_t n = 0; n < made.size(); ++n) made[n] = *math::PoissonInterval(n, kConfidence);
    return made;
  }());
  const auto n = static_cast<uint64_t>(count);
  return n < small.size() ? small[n] : math::PoissonInterval(n, kConfidence);
}

std::optional<math::Interval> MoneyInterval(const v1::MetricDefinition& definition,
                                            const Sums& sums, double value) {
  const auto interval = math::CompoundInterval(
      sums.count, value, static_cast<double>(SquaresOf(definition, sums)), kConfidence);
  return Within(interval, definition.subtracted().empty() ? 0 : -kLargest, kLargest);
}

math::Total TotalOf(const PaidSums& moves) {
  constexpr long double kUnit = kMicrosPerUnit;
  return {.contributions = moves.customers,
          .sum = Units(moves.money),
          .sum_of_squares =
              static_cast<double>(static_cast<long double>(moves.squares) / (kUnit * kUnit)),
          .exposure = 1};
}

std::optional<math::Interval> MovesInterval(const PaidSums& moves) {
  const math::Total total = TotalOf(moves);
  return Within(
      math::CompoundInterval(total.contributions, total.sum, total.sum_of_squares, kConfidence), 0,
      kLargest);
}

std::optional<math::Interval> RevenueInterval(v1::MetricKind kind, const RecurringSums& sums) {
  const auto lost = math::RatioInterval(RatioOf(kind, sums), kConfidence);
  if (!lost) return std::nullopt;
  if (kind == v1::METRIC_KIND_REVENUE_CHURN) {
    return Within(
        math::Interval{kPercent * lost->estimate, kPercent * lost->low, kPercent * lost->high}, 0,
        kPercent);
  }
  const math::Interval kept{kPercent * (1 - lost->estimate), kPercent * (1 - lost->high),
                            kPercent * (1 - lost->low)};
  return Within(kept, 0, kind == v1::METRIC_KIND_GROSS_REVENUE_RETENTION ? kPercent : kLargest);
}

double DaysBegun(const PointContext& context, const TimeWindow& covers) {
  const CivilDays end = std::min(covers.end_day, context.scope.as_of_day() + 1);
  return std::max(1, end - covers.first_day);
}

math::SampleMean MeanOverCustomers(const PointContext& context, const TimeWindow& covers,
                                   const Sums& sums) {
  math::SampleMean mean = PlainMean(context.definition, sums);
  const double factor = context.definition.kind() == v1::METRIC_KIND_STICKINESS
                            ? kPercent / DaysBegun(context, covers)
                            : YearFactor(context, covers, sums);
  mean.mean *= factor;
  mean.variance *= factor * factor;
  return mean;
}

std::optional<math::Interval> CustomersInterval(const math::SampleMean& mean) {
  if (mean.n < 2 || !(mean.variance > 0)) return std::nullopt;
  const double half = math::StudentTwoSidedT(kConfidence, static_cast<double>(mean.n - 1)) *
                      std::sqrt(mean.variance / static_cast<double>(mean.n));
  return Within(math::Interval{mean.mean, mean.mean - half, mean.mean + half}, 0, kLargest);
}

std::optional<math::Interval> GrowthInterval(const MemberSums& members) {
  const int64_t steps = members.joined + members.returned + members.left;
  if (members.at_start <= 0 || steps <= 0) return std::nullopt;
  const double unit = kPercent / static_cast<double>(members.at_start);
  const double growth = unit * static_cast<double>(members.at_end() - members.at_start);
  const double half = unit * math::TwoSidedZ(kConfidence) * std::sqrt(static_cast<double>(steps));
  return Within(math::Interval{growth, growth - half, growth + half}, -kPercent, kLargest);
}

std::string WhyNoInterval(const v1::MetricDefinition& definition, const v1::MetricPoint& point) {
  const v1::MetricKind kind = definition.kind();
  if (IsStanding(definition)) return "the figure is counted in full, it is not a sample";
  if (kind == v1::METRIC_KIND_MONEY_SUM || kind == v1::METRIC_KIND_RECURRING_REVENUE) {
    return Cat("a sum of fewer than ", math::kMinimumContributions, " amounts is judged by none");
  }
  if (kind == v1::METRIC_KIND_NET_GROWTH) return "nobody joined or left";
  if (point.sample_size() < 2) return "a single observation tells nothing about spread";
  const bool share = kind == v1::METRIC_KIND_COUNT_RATIO || kind == v1::METRIC_KIND_CHURN ||
                     kind == v1::METRIC_KIND_RETENTION || kind == v1::METRIC_KIND_DISTINCT_RATIO;
  if (share && (point.numerator() > point.denominator() || point.numerator() < 0)) {
    return "the numerator is no part of the denominator, so there is no share to judge";
  }
  return "the observations are too few or all alike";
}

std::string_view IntervalWords(const v1::MetricDefinition& definition) {
  if (IsStanding(definition)) return "none: counted in full, not a sample";
  if (IsDistribution(definition)) {
    return "Student's t of the mean; by order statistics for quantiles";
  }
  switch (definition.kind()) {
    case v1::METRIC_KIND_NET_SCORE:
      return "multinomial, variance p + d - (p - d)^2 per answer";
    case v1::METRIC_KIND_DISTINCT_CUSTOMERS:
      return "exact Poisson (Garwood)";
    case v1::METRIC_KIND_COUNT:
    case v1::METRIC_KIND_SESSION:
    case v1::METRIC_KIND_REFERENCE_RATIO:
      if (CountsBase(definition)) break;
      return "exact Poisson (Garwood); too narrow where few customers make many of the events";
    case v1::METRIC_KIND_MONEY_SUM:
    case v1::METRIC_KIND_RECURRING_REVENUE:
      return "compound Poisson, from the sum of squares; from 10 amounts on";
    case v1::METRIC_KIND_NET_REVENUE_RETENTION:
    case v1::METRIC_KIND_GROSS_REVENUE_RETENTION:
    case v1::METRIC_KIND_REVENUE_CHURN:
      return "ratio of sums over customers, linearised (Cochran), with Student's t";
    case v1::METRIC_KIND_STICKINESS:
    case v1::METRIC_KIND_CLV_SIMPLE:
      return "Student's t of the mean over customers";
    case v1::METRIC_KIND_NET_GROWTH:
      return "difference of Poisson counts (Skellam)";
    default:
      break;
  }
  return IsPlainMean(definition.kind()) || definition.kind() == v1::METRIC_KIND_SCORE_MEAN
             ? "normal, of the mean"
             : "Wilson, of the share";
}

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/point.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/math/stats.h"
#include "lib/metrics/intervals.h"
#include "lib/metrics/point_parts.h"

namespace rapport::metrics {
namespace {

void SetInterval(const std::optional<math::Interval>& interval, const char* method, double factor,
                 v1::MetricPoint& point) {
  if (!interval) return;
  v1::Interval& out = *point.mutable_interval();
  out.set_low(interval->low * factor);
  out.set_high(interval->high * factor);
  out.set_level(kConfidence);
  out.set_method(method);
}

// value = factor x numerator / denominator, absent when there is no denominator.
void SetRatio(double numerator, double denominator, double factor, v1::MetricPoint& point) {
  point.set_numerator(numerator);
  point.set_denominator(denominator);
  if (denominator > 0) point.set_value(factor * numerator / denominator);
}

void SetPlain(double value, int64_t sample, v1::MetricPoint& point) {
  point.set_sample_size(sample);
  point.set_numerator(value);
  point.set_denominator(1);
  point.set_value(value);
}

// A share of whole things in percent, with its interval.
void SetShare(const math::Proportion& share, v1::MetricPoint& point) {
  point.set_sample_size(share.trials);
  SetRatio(static_cast<double>(share.successes), static_cast<double>(share.trials), kPercent,
           point);
  if (share.successes < 0 || share.trials <= 0 || share.successes > share.trials) return;
  SetInterval(math::WilsonInterval(static_cast<uint64_t>(share.successes),
                                   static_cast<uint64_t>(share.trials), kConfidence),
              "wilson", kPercent, point);
}

void SetMean(const math::SampleMean& mean, double numerator, v1::MetricPoint& point) {
  point.set_sample_size(mean.n);
  SetRatio(numerator, static_cast<double>(mean.n), 1, point);
  if (mean.n < 2) return;
  const double half =
      math::TwoSidedZ(kConfidence) * std::sqrt(mean.variance / static_cast<double>(mean.n));
  const double value = point.value();
  SetInterval(math::Interval{value, value - half, value + half}, "normal", 1, point);
}

void FillDistribution(const PointContext& context, const Sums& sums, v1::MetricPoint& point) {
  const math::QuantileSketch& sketch = sums.parts().sketch;
  point.set_sample_size(sums.count);
  SetRatio(UnitsOf(sums.sum), static_cast<double>(sums.count), 1, point);
  if (sums.count <= 0) return;
  constexpr double kUnit = 1.0 / kMicrosPerUnit;
  for (const double p : {0.5, 0.75, 0.9, 0.95, 0.99}) {
    const auto quantile = sketch.Quantile(p);
    if (!quantile) continue;
    v1::QuantileValue& out = *point.add_quantiles();
    out.set_quantile(p);
    out.set_value(quantile->value * kUnit);
    out.set_relative_error(quantile->relative_error);
  }
  const int classes = context.definition.histogram_edges_size();
  for (int i = 0; classes > 0 && i <= classes; ++i) {
    const auto& histogram = sums.parts().histogram;
    const auto at = static_cast<size_t>(i);
    point.add_histogram(at < histogram.size() ? histogram[at] : 0);
  }
  const double p = QuantileOf(context.statistic);
  if (p < 0) {
    SetInterval(sketch.moments().MeanInterval(kConfidence), "student t", kUnit, point);
    return;
  }
  const auto quantile = sketch.Quantile(p);
  if (quantile) point.set_value(quantile->value * kUnit);
  SetInterval(sketch.QuantileInterval(p, kConfidence), "order statistics", kUnit, point);
}

// Order value x orders a customer a year x years.
void FillSimpleClv(const PointContext& context, const TimeWindow& covers, const Sums& sums,
                   v1::MetricPoint& point) {
  point.set_sample_size(sums.count);
  const int64_t valued = sums.count - sums.left_out;
  if (valued <= 0 || sums.base <= 0) return;
  const double order_value = UnitsOf(MicrosOf(sums.sum)) / static_cast<double>(valued);
  const auto customers = static_cast<double>(sums.base);
  const double orders_a_year =
      static_cast<double>(sums.count) / customers / YearsIn(covers.first_day, covers.end_day);
  point.set_value(order_value * orders_a_year * context.customer_years);
  point.set_numerator(order_value * orders_a_year * customers * context.customer_years);
  point.set_denominator(customers);
  SetInterval(CustomersInterval(MeanOverCustomers(context, covers, sums)), "student t", 1, point);
}

void FillStickiness(const PointContext& context, const TimeWindow& covers, const Sums& sums,
                    v1::MetricPoint& point) {
  point.set_sample_size(sums.base);
  SetRatio(static_cast<double>(sums.count) / DaysBegun(context, covers),
           static_cast<double>(sums.base), kPercent, point);
  if (!point.has_value()) return;
  SetInterval(CustomersInterval(MeanOverCustomers(context, covers, sums)), "student t", 1, point);
}

void FillMembers(v1::MetricKind kind, const MemberSums& members, v1::MetricPoint& point) {
  if (kind == v1::METRIC_KIND_CUSTOMER_COUNT) {
    return SetPlain(static_cast<double>(members.at_end()), members.at_end(), point);
  }
  point.set_sample_size(members.at_start);
  SetRatio(static_cast<double>(members.at_end() - members.at_start),
           static_cast<double>(members.at_start), kPercent, point);
  SetInterval(GrowthInterval(members), "skellam", 1, point);
}

void FillRecurring(const v1::MetricDefinition& definition, const RecurringSums& sums,
                   v1::MetricPoint& point) {
  const auto units = [](const Int128 money) { return UnitsOf(MicrosOf(money)); };
  const Int128 start = sums.start.money, lost = sums.contraction.money + sums.churned.money;
  Int128 numerator = 0;
  switch (definition.kind()) {
    case v1::METRIC_KIND_RECURRING_REVENUE: {
      const PaidSums part = RecurringPartOf(definition.recurring_part(), sums);
      const double factor = definition.factor() == 0 ? 1 : definition.factor();
      SetPlain(units(part.money) * factor, part.customers, point);
      if (!IsRecurringMove(definition)) return;
      return SetInterval(MovesInterval(part), "compound", factor, point);
    }
    case v1::METRIC_KIND_NET_REVENUE_RETENTION:
      numerator = start + sums.expansion.money - lost;
      break;
    case v1::METRIC_KIND_GROSS_REVENUE_RETENTION:
      numerator = start - lost;
      break;
    default:
      numerator = lost;
  }
  point.set_sample_size(sums.start.customers);
  SetRatio(units(numerator), units(start), kPercent, point);
  if (!point.has_value()) return;
  SetInterval(RevenueInterval(definition.kind(), sums), "linearised", 1, point);
}

void FillReference(const PointContext& context, const TimeWindow& covers, const Sums& sums,
                   v1::MetricPoint& point) {
  point.set_sample_size(sums.count);
  point.set_numerator(static_cast<double>(sums.count));
  const ReferenceTable* references = context.scope.references;
  if (references == nullptr) return;
  const std::string& series = context.definition.reference();
  const auto value = context.definition.reference_kind() == v1::REFERENCE_KIND_FLOW
                         ? references->Flow(series, covers.first_day, covers.end_day)
                         : references->Level(series, covers.end_day);
  if (!value) return;
  SetRatio(static_cast<double>(sums.count), *value, kPercent, point);
  if (!point.has_value()) return;
  SetInterval(CountInterval(sums.count), "garwood", kPercent / *value, point);
}

void FillNetScore(const v1::MetricDefinition& definition, const Sums& sums,
                  v1::MetricPoint& point) {
  const ScoreCounts counts = CountScores(definition, sums);
  point.set_sample_size(counts.answers);
  SetRatio(static_cast<double>(counts.positive - counts.negative),
           static_cast<double>(counts.answers), kPercent, point);
  if (counts.answers <= 0) return;
  SetInterval(math::NpsInterval(static_cast<uint64_t>(counts.positive),
                                static_cast<uint64_t>(counts.negative),
                                static_cast<uint64_t>(counts.answers), kConfidence),
              "multinomial", 1, point);
}

void FillMean(const v1::MetricDefinition& definition, const Sums& sums, v1::MetricPoint& point) {
  const Int128 micros = IsMoneyKind(definition.kind()) ? MicrosOf(sums.sum) : sums.sum;
  const bool counts = definition.kind() == v1::METRIC_KIND_FREQUENCY;
  SetMean(PlainMean(definition, sums), counts ? static_cast<double>(sums.count) : UnitsOf(micros),
          point);
}

}  // namespace

PaidSums RecurringPartOf(v1::RecurringPart part, const RecurringSums& sums) {
  switch (part) {
    case v1::RECURRING_PART_NEW:
      return sums.gained;
    case v1::RECURRING_PART_EXPANSION:
      return sums.expansion;
    case v1::RECURRING_PART_CONTRACTION:
      return sums.contraction;
    case v1::RECURRING_PART_CHURNED:
      return sums.churned;
    case v1::RECURRING_PART_REACTIVATED:
      return sums.reactivated;
    default:
      return sums.end();
  }
}

void FillPoint(const PointContext& context, const TimeWindow& covers, const Sums& sums,
               v1::MetricPoint& point) {
  const v1::MetricDefinition& definition = context.definition;
  const v1::MetricKind kind = definition.kind();
  if (const auto share = ProportionOf(definition, sums)) return SetShare(*share, point);
  if (IsDistribution(definition)) return FillDistribution(context, sums, point);
  if (IsPlainMean(kind)) return FillMean(definition, sums, point);
  if (ShapeOf(kind) == Shape::kRecurring) {
    return FillRecurring(definition, sums.parts().recurring, point);
  }
  switch (kind) {
    case v1::METRIC_KIND_NET_SCORE:
      return FillNetScore(definition, sums, point);
    case v1::METRIC_KIND_SCORE_MEAN:
      return SetMean(ScoreMean(definition, sums), ScoreMomentsOf(definition, sums).sum, point);
    case v1::METRIC_KIND_MONEY_SUM:
      SetPlain(UnitsOf(MicrosOf(sums.sum)), sums.count, point);
      return SetInterval(MoneyInterval(definition, sums, point.value()), "compound", 1, point);
    case v1::METRIC_KIND_CLV_SIMPLE:
      return FillSimpleClv(context, covers, sums, point);
    case v1::METRIC_KIND_STICKINESS:
      return FillStickiness(context, covers, sums, point);
    case v1::METRIC_KIND_NET_GROWTH:
    case v1::METRIC_KIND_CUSTOMER_COUNT:
      return FillMembers(kind, sums.parts().members, point);
    case v1::METRIC_KIND_REFERENCE_RATIO:
      return FillReference(context, covers, sums, point);
    default:
      SetPlain(static_cast<double>(sums.count), sums.count, point);
      return SetInterval(CountInterval(sums.count), "garwood", 1, point);
  }
}

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/tally.h"

#include <optional>
#include <string>

#include "lib/math/stats.h"

namespace rapport::metrics {
namespace {

constexpr double kConfidence = 0.95;

double Units(Micros micros) {
  return static_cast<double>(micros) / static_cast<double>(kMicrosPerUnit);
}

// ScoreBucket apart: NPS buckets carry no scale.
int64_t ScoreOf(uint16_t bucket) { return bucket % 256; }
int64_t ScaleOf(const v1::MetricDefinition& definition, uint16_t bucket) {
  return bucket < 256 ? definition.scale() : bucket / 256;
}

// 1..scale mapped linearly to 1..definition.scale; the identity on the same scale.
double MappedScore(const v1::MetricDefinition& definition, uint16_t bucket) {
  const int64_t scale = ScaleOf(definition, bucket);
  const int64_t score = ScoreOf(bucket);
  if (scale == definition.scale() || scale <= 1) return static_cast<double>(score);
  return 1.0 + static_cast<double>((score - 1) * (definition.scale() - 1)) /
                   static_cast<double>(scale - 1);
}

// Mapped score >= cut, in whole numbers.
bool AtLeast(const v1::MetricDefinition& definition, uint16_t bucket, int64_t cut) {
  const int64_t scale = ScaleOf(definition, bucket);
  const int64_t score = ScoreOf(bucket);
  if (scale == definition.scale() || scale <= 1) return score >= cut;
  return (score - 1) * (definition.scale() - 1) >= (cut - 1) * (scale - 1);
}

void SetInterval(const std::optional<math::Interval>& interval, const char* method, double factor,
                 v1::MetricPoint& point) {
  if (!interval) return;
  point.mutable_interval()->set_low(interval->low * factor);
  point.mutable_interval()->set_high(interval->high * factor);
  point.mutable_interval()->set_level(kConfidence);
  point.mutable_interval()->set_method(method);
}

// value = factor x numerator / denominator, absent when there is no denominator.
void SetRatio(double numerator, double denominator, double factor, v1::MetricPoint& point) {
  point.set_numerator(numerator);
  point.set_denominator(denominator);
  if (denominator > 0) point.set_value(factor * numerator / denominator);
}

// A share of whole things in percent, with its interval.
void SetShare(int64_t part, int64_t whole, v1::MetricPoint& point) {
  point.set_sample_size(whole);
  SetRatio(static_cast<double>(part), static_cast<double>(whole), 100, point);
  if (part < 0 || whole <= 0 || part > whole) return;
  SetInterval(
      math::WilsonInterval(static_cast<uint64_t>(part), static_cast<uint64_t>(whole), kConfidence),
      "wilson", 100, point);
}

void FillNetScore(const v1::MetricDefinition& definition, const Tally& tally,
                  v1::MetricPoint& point) {
  const ScoreCounts counts = CountScores(definition, tally);
  point.set_sample_size(counts.answers);
  SetRatio(static_cast<double>(counts.positive - counts.negative),
           static_cast<double>(counts.answers), 100, point);
  if (counts.answers <= 0) return;
  SetInterval(math::NpsInterval(static_cast<uint64_t>(counts.positive),
                                static_cast<uint64_t>(counts.negative),
                                static_cast<uint64_t>(counts.answers), kConfidence),
              "multinomial", 1, point);
}

void FillScoreMean(const v1::MetricDefinition& definition, const Tally& tally,
                   v1::MetricPoint& point) {
  double sum = 0, squares = 0;
  int64_t answers = 0;
  for (const auto& [bucket, count] : tally.scores) {
    const double score = MappedScore(definition, bucket);
    sum += score * static_cast<double>(count);
    squares += score * score * static_cast<double>(count);
    answers += count;
  }
  point.set_sample_size(answers);
  SetRatio(sum, static_cast<double>(answers), 1, point);
  if (answers < 2) return;
  SetInterval(math::MeanInterval(static_cast<uint64_t>(answers), sum, squares, kConfidence),
              "normal", 1, point);
}

// Order value x orders a customer a year x years.
void FillSimpleClv(const Figures& figures, v1::MetricPoint& point) {
  const Tally& tally = figures.tally;
  point.set_sample_size(tally.count);
  if (tally.money_count == 0 || figures.distinct.customers == 0) return;
  const double order_value = Units(tally.money_sum) / static_cast<double>(tally.money_count);
  const double customers = static_cast<double>(figures.distinct.customers);
  const double orders_a_year = static_cast<double>(tally.count) / customers / figures.range_years;
  point.set_numerator(order_value * orders_a_year * customers * figures.customer_years);
  point.set_denominator(customers);
  point.set_value(order_value * orders_a_year * figures.customer_years);
}

void FillMembers(v1::MetricKind kind, const Membership& members, v1::MetricPoint& point) {
  switch (kind) {
    case v1::METRIC_KIND_RETENTION:
      return SetShare(members.at_end() - members.joined, members.at_start, point);
    case v1::METRIC_KIND_CHURN:
      return SetShare(members.left, members.at_start, point);
    case v1::METRIC_KIND_NET_GROWTH:
      point.set_sample_size(members.at_start);
      return SetRatio(static_cast<double>(members.at_end() - members.at_start),
                      static_cast<double>(members.at_start), 100, point);
    default:
      point.set_sample_size(members.at_end());
      point.set_numerator(static_cast<double>(members.at_end()));
      point.set_denominator(1);
      point.set_value(static_cast<double>(members.at_end()));
  }
}

void FillCount(int64_t count, v1::MetricPoint& point) {
  point.set_sample_size(count);
  point.set_numerator(static_cast<double>(count));
  point.set_denominator(1);
  point.set_value(static_cast<double>(count));
}

void FillMoney(const Tally& tally, v1::MetricPoint& point) {
  point.set_sample_size(tally.money_count);
  point.set_numerator(Units(tally.money_sum - tally.money_subtracted));
  point.set_denominator(1);
  point.set_value(point.numerator());
}

void FillDistinct(v1::MetricKind kind, const Figures& figures, v1::MetricPoint& point) {
  const Distinct& distinct = figures.distinct;
  if (kind == v1::METRIC_KIND_REPEAT_RATE) {
    return SetShare(distinct.repeaters, distinct.customers, point);
  }
  if (kind == v1::METRIC_KIND_DISTINCT_CUSTOMERS) return FillCount(distinct.customers, point);
  point.set_sample_size(distinct.customers);
  SetRatio(static_cast<double>(figures.tally.count), static_cast<double>(distinct.customers), 1,
           point);
}

}  // namespace

void Tally::Add(const Tally& other) {
  count += other.count;
  value_sum += other.value_sum;
  money_count += other.money_count;
  money_sum += other.money_sum;
  money_subtracted += other.money_subtracted;
  foreign_count += other.foreign_count;
  denominator_count += other.denominator_count;
  for (const auto& [bucket, answers] : other.scores) scores[bucket] += answers;
}

bool NeedsEvents(v1::MetricKind kind) {
  return !NeedsMembers(kind) && kind != v1::METRIC_KIND_REPEAT_RATE &&
         kind != v1::METRIC_KIND_DISTINCT_CUSTOMERS;
}

bool NeedsDistinct(v1::MetricKind kind) {
  return kind == v1::METRIC_KIND_REPEAT_RATE || kind == v1::METRIC_KIND_DISTINCT_CUSTOMERS ||
         kind == v1::METRIC_KIND_FREQUENCY || kind == v1::METRIC_KIND_CLV_SIMPLE;
}

bool NeedsMembers(v1::MetricKind kind) {
  return kind == v1::METRIC_KIND_RETENTION || kind == v1::METRIC_KIND_CHURN ||
         kind == v1::METRIC_KIND_NET_GROWTH || kind == v1::METRIC_KIND_CUSTOMER_COUNT;
}

bool IsMoney(v1::MetricKind kind) {
  return kind == v1::METRIC_KIND_MONEY_SUM || kind == v1::METRIC_KIND_MONEY_PER_COUNT ||
         kind == v1::METRIC_KIND_CLV_SIMPLE;
}

ScoreCounts CountScores(const v1::MetricDefinition& definition, const Tally& tally) {
  ScoreCounts counts;
  for (const auto& [bucket, count] : tally.scores) {
    counts.answers += count;
    if (AtLeast(definition, bucket, definition.positive_from())) {
      counts.positive += count;
    } else if (!AtLeast(definition, bucket, definition.negative_to() + 1)) {
      counts.negative += count;
    }
  }
  return counts;
}

void FillPoint(const v1::MetricDefinition& definition, const Figures& figures,
               v1::MetricPoint& point) {
  const Tally& tally = figures.tally;
  switch (definition.kind()) {
    case v1::METRIC_KIND_NET_SCORE:
      return FillNetScore(definition, tally, point);
    case v1::METRIC_KIND_SCORE_SHARE: {
      const ScoreCounts counts = CountScores(definition, tally);
      return SetShare(counts.positive, counts.answers, point);
    }
    case v1::METRIC_KIND_SCORE_MEAN:
      return FillScoreMean(definition, tally, point);
    case v1::METRIC_KIND_COUNT:
      return FillCount(tally.count, point);
    case v1::METRIC_KIND_MONEY_SUM:
      return FillMoney(tally, point);
    case v1::METRIC_KIND_MONEY_PER_COUNT:
      point.set_sample_size(tally.money_count);
      return SetRatio(Units(tally.money_sum), static_cast<double>(tally.money_count), 1, point);
    case v1::METRIC_KIND_COUNT_RATIO:
      return SetShare(tally.count, tally.denominator_count, point);
    case v1::METRIC_KIND_CLV_SIMPLE:
      return FillSimpleClv(figures, point);
    case v1::METRIC_KIND_VALUE_MEAN:
      point.set_sample_size(tally.count);
      return SetRatio(Units(tally.value_sum), static_cast<double>(tally.count), 1, point);
    case v1::METRIC_KIND_RETENTION:
    case v1::METRIC_KIND_CHURN:
    case v1::METRIC_KIND_NET_GROWTH:
    case v1::METRIC_KIND_CUSTOMER_COUNT:
      return FillMembers(definition.kind(), figures.members, point);
    default:
      return FillDistinct(definition.kind(), figures, point);
  }
}

std::string BandOf(const v1::MetricDefinition& definition, double value) {
  std::string label;
  for (const v1::Band& band : definition.bands()) {
    if (value >= band.from()) label = band.label();
  }
  return label;
}

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/kinds.h"

#include <cctype>
#include <string>

namespace rapport::metrics {

Shape ShapeOf(v1::MetricKind kind) {
  switch (kind) {
    case v1::METRIC_KIND_CONVERSION:
    case v1::METRIC_KIND_DURATION:
      return Shape::kPairs;
    case v1::METRIC_KIND_SESSION:
      return Shape::kSessions;
    case v1::METRIC_KIND_DISTINCT_CUSTOMERS:
    case v1::METRIC_KIND_DISTINCT_RATIO:
    case v1::METRIC_KIND_REPEAT_RATE:
    case v1::METRIC_KIND_FREQUENCY:
    case v1::METRIC_KIND_STICKINESS:
    case v1::METRIC_KIND_CLV_SIMPLE:
      return Shape::kDistinct;
    case v1::METRIC_KIND_RETENTION:
    case v1::METRIC_KIND_CHURN:
    case v1::METRIC_KIND_NET_GROWTH:
    case v1::METRIC_KIND_CUSTOMER_COUNT:
      return Shape::kMembers;
    case v1::METRIC_KIND_RECURRING_REVENUE:
    case v1::METRIC_KIND_NET_REVENUE_RETENTION:
    case v1::METRIC_KIND_GROSS_REVENUE_RETENTION:
    case v1::METRIC_KIND_REVENUE_CHURN:
      return Shape::kRecurring;
    case v1::METRIC_KIND_ENGAGEMENT_SCORE:
      return Shape::kEngaged;
    case v1::METRIC_KIND_FACT_MEAN:
      return Shape::kFacts;
    default:
      return Shape::kEvents;
  }
}

bool IsDated(v1::MetricKind kind) {
  const Shape shape = ShapeOf(kind);
  return shape == Shape::kEvents || shape == Shape::kPairs || shape == Shape::kSessions;
}

// Distributions need single values, which cells have not.
bool IsAdditive(v1::MetricKind kind) {
  return ShapeOf(kind) == Shape::kEvents && kind != v1::METRIC_KIND_VALUE_DISTRIBUTION;
}

bool IsMoneyKind(v1::MetricKind kind) {
  return kind == v1::METRIC_KIND_MONEY_SUM || kind == v1::METRIC_KIND_MONEY_PER_COUNT ||
         kind == v1::METRIC_KIND_CLV_SIMPLE || ShapeOf(kind) == Shape::kRecurring;
}

bool IsScore(v1::MetricKind kind) {
  return kind == v1::METRIC_KIND_NET_SCORE || kind == v1::METRIC_KIND_SCORE_SHARE ||
         kind == v1::METRIC_KIND_SCORE_MEAN;
}

bool IsDistribution(const v1::MetricDefinition& definition) {
  return definition.kind() == v1::METRIC_KIND_DURATION ||
         definition.kind() == v1::METRIC_KIND_VALUE_DISTRIBUTION ||
         (definition.kind() == v1::METRIC_KIND_SESSION &&
          definition.session().figure() == v1::SESSION_FIGURE_DURATION);
}

bool IsLevel(v1::MetricKind kind) {
  return ShapeOf(kind) == Shape::kMembers || ShapeOf(kind) == Shape::kRecurring;
}

bool IsRecurringMove(const v1::MetricDefinition& definition) {
  return definition.kind() == v1::METRIC_KIND_RECURRING_REVENUE &&
         definition.recurring_part() != v1::RECURRING_PART_UNSPECIFIED &&
         definition.recurring_part() != v1::RECURRING_PART_END;
}

bool CountsBase(const v1::MetricDefinition& definition) {
  const v1::MetricKind kind = definition.kind();
  if (kind == v1::METRIC_KIND_SESSION) {
    return definition.session().figure() == v1::SESSION_FIGURE_BOUNCE ||
           definition.session().figure() == v1::SESSION_FIGURE_ENGAGED;
  }
  return kind == v1::METRIC_KIND_COUNT_RATIO || kind == v1::METRIC_KIND_CONVERSION ||
         (ShapeOf(kind) == Shape::kDistinct && kind != v1::METRIC_KIND_DISTINCT_CUSTOMERS);
}

bool GroupsByEvent(v1::MetricKind kind) {
  // What a reference series counts is not split by what an event knows.
  return kind != v1::METRIC_KIND_REFERENCE_RATIO && kind != v1::METRIC_KIND_CLV_SIMPLE &&
         (IsDated(kind) || ShapeOf(kind) == Shape::kDistinct);
}

bool GroupsByCustomer(v1::MetricKind kind) { return kind != v1::METRIC_KIND_REFERENCE_RATIO; }

std::string KindWord(v1::MetricKind kind) {
  constexpr std::string_view kPrefix = "METRIC_KIND_";
  std::string word = v1::MetricKind_Name(kind);
  word.erase(0, kPrefix.size());
  for (char& letter : word) {
    letter = letter == '_' ? ' ' : static_cast<char>(std::tolower(letter));
  }
  return word;
}

}  // namespace rapport::metrics

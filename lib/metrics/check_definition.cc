// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <set>
#include <string>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "lib/metrics/kinds.h"
#include "lib/metrics/registry.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

constexpr int kMaxText = 1024;
constexpr int kMaxTypes = 200;
constexpr int kMaxEdges = 50;
constexpr int64_t kMaxSeconds = 10LL * 366 * 86'400;

absl::Status Refuse(std::string_view field, std::string_view reason, std::string_view text) {
  return InvalidField(Cat("definition.", field), reason, text);
}

bool IsId(std::string_view id) {
  if (id.empty() || id.size() > 63 || id[0] < 'a' || id[0] > 'z') return false;
  for (const char letter : id) {
    const bool fits =
        (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
    if (!fits) return false;
  }
  return true;
}

absl::Status CheckTexts(const v1::MetricDefinition& definition) {
  if (!IsId(definition.metric())) {
    return Refuse("metric", "BAD_ID", "must be 1-63 of [a-z0-9_], starting with a letter");
  }
  struct Text {
    std::string_view field;
    const std::string& text;
    bool required;
  };
  for (const Text& entry :
       {Text{"display_name", definition.display_name(), true},
        Text{"formula", definition.formula(), true},
        Text{"sample_unit", definition.sample_unit(), true},
        Text{"source", definition.source(), false}, Text{"remarks", definition.remarks(), false}}) {
    if (entry.required && entry.text.empty()) {
      return Refuse(entry.field, "REQUIRED", "is required");
    }
    if (entry.text.size() > kMaxText) {
      return Refuse(entry.field, "TOO_LONG", Cat("has more than ", kMaxText, " bytes"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTypes(std::string_view field, const google::protobuf::RepeatedField<int>& types) {
  if (types.size() > kMaxTypes) return Refuse(field, "TOO_MANY", "has too many event types");
  std::set<int> seen;
  for (int i = 0; i < types.size(); ++i) {
    const std::string place = Cat(field, "[", i, "]");
    if (types[i] == v1::EVENT_TYPE_UNSPECIFIED || !v1::EventType_IsValid(types[i])) {
      return Refuse(place, "UNKNOWN_EVENT_TYPE", "is no event type");
    }
    if (!seen.insert(types[i]).second) return Refuse(place, "DUPLICATE", "is there twice");
  }
  return absl::OkStatus();
}

absl::Status CheckCustomTypes(std::string_view field,
                              const google::protobuf::RepeatedPtrField<std::string>& types,
                              const filter::Names* names) {
  for (int i = 0; i < types.size(); ++i) {
    const std::string place = Cat(field, "[", i, "]");
    if (types[i].empty() || types[i].size() > 64) {
      return Refuse(place, "BAD_CUSTOM_TYPE", "must have 1-64 of [a-z0-9_.]");
    }
    if (names != nullptr && names->Find(filter::NameKind::kCustomType, types[i]) == 0) {
      return Refuse(place, "UNKNOWN_CUSTOM_TYPE",
                    Cat("no event of type '", types[i], "' has come yet"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFilter(std::string_view field, const std::string& text,
                         const filter::Names* names) {
  filter::Context context;
  context.base_currency = "EUR";
  context.field = Cat("definition.", field);
  context.names = names;
  return filter::Parse(text, filter::EventAndCustomerCatalogue(), context).status();
}

absl::Status CheckEvents(const v1::MetricDefinition& definition, const filter::Names* names) {
  RETURN_IF_ERROR(CheckTypes("numerator", definition.numerator()));
  RETURN_IF_ERROR(CheckTypes("denominator", definition.denominator()));
  RETURN_IF_ERROR(CheckTypes("subtracted", definition.subtracted()));
  RETURN_IF_ERROR(
      CheckCustomTypes("numerator_custom_types", definition.numerator_custom_types(), names));
  RETURN_IF_ERROR(
      CheckCustomTypes("denominator_custom_types", definition.denominator_custom_types(), names));
  RETURN_IF_ERROR(CheckFilter("numerator_filter", definition.numerator_filter(), names));
  return CheckFilter("denominator_filter", definition.denominator_filter(), names);
}

// Which events a kind needs, and which it has no use for.
absl::Status CheckSides(const v1::MetricDefinition& definition) {
  const v1::MetricKind kind = definition.kind();
  const Shape shape = ShapeOf(kind);
  const bool numerator =
      !definition.numerator().empty() || !definition.numerator_custom_types().empty();
  const bool denominator =
      !definition.denominator().empty() || !definition.denominator_custom_types().empty();
  const bool needs_numerator =
      shape == Shape::kEvents || shape == Shape::kPairs || kind == v1::METRIC_KIND_REPEAT_RATE ||
      kind == v1::METRIC_KIND_FREQUENCY || kind == v1::METRIC_KIND_CLV_SIMPLE;
  const bool needs_denominator = shape == Shape::kPairs || kind == v1::METRIC_KIND_COUNT_RATIO;
  if (needs_numerator && !numerator) {
    return Refuse("numerator", "REQUIRED", Cat("a ", KindWord(kind), " needs event types"));
  }
  if (needs_denominator && !denominator) {
    return Refuse("denominator", "REQUIRED", Cat("a ", KindWord(kind), " needs event types"));
  }
  const bool none = shape == Shape::kMembers || shape == Shape::kRecurring ||
                    shape == Shape::kEngaged || shape == Shape::kFacts;
  if (none && (numerator || !definition.numerator_filter().empty())) {
    return Refuse(numerator ? "numerator" : "numerator_filter", "UNUSED",
                  Cat("a ", KindWord(kind), " has no event types"));
  }
  if (none && (denominator || !definition.denominator_filter().empty())) {
    return Refuse(denominator ? "denominator" : "denominator_filter", "UNUSED",
                  Cat("a ", KindWord(kind), " has no event types"));
  }
  if (!definition.subtracted().empty() && kind != v1::METRIC_KIND_MONEY_SUM) {
    return Refuse("subtracted", "UNUSED", "only sums of money subtract");
  }
  return absl::OkStatus();
}

absl::Status CheckScale(const v1::MetricDefinition& definition) {
  if (!IsScore(definition.kind())) return absl::OkStatus();
  if (definition.scale() < 2 || definition.scale() > 100) {
    return Refuse("scale", "OUT_OF_RANGE", "must be 2 to 100");
  }
  if (definition.kind() == v1::METRIC_KIND_SCORE_MEAN) return absl::OkStatus();
  if (definition.positive_from() < 1 || definition.positive_from() > definition.scale()) {
    return Refuse("positive_from", "OUT_OF_RANGE", Cat("must be 1 to ", definition.scale()));
  }
  const bool net = definition.kind() == v1::METRIC_KIND_NET_SCORE;
  if (net &&
      (definition.negative_to() < 0 || definition.negative_to() >= definition.positive_from())) {
    return Refuse("negative_to", "OUT_OF_RANGE", "must be >= 0 and below positive_from");
  }
  return absl::OkStatus();
}

absl::Status CheckPairing(const v1::MetricDefinition& definition) {
  const v1::Pairing& pairing = definition.pairing();
  if (ShapeOf(definition.kind()) != Shape::kPairs) {
    if (definition.has_pairing()) return Refuse("pairing", "UNUSED", "is for pairs only");
    return absl::OkStatus();
  }
  if (!definition.has_pairing()) return Refuse("pairing", "REQUIRED", "is required for pairs");
  if (!v1::PairKey_IsValid(pairing.key())) {
    return Refuse("pairing.key", "UNKNOWN_PAIR_KEY", "must be customer, ticket or subscription");
  }
  if (!v1::StartRule_IsValid(pairing.start_rule())) {
    return Refuse("pairing.start_rule", "UNKNOWN_START_RULE",
                  "must be every, first open or first ever");
  }
  if (pairing.window_seconds() < 0 || pairing.window_seconds() > kMaxSeconds) {
    return Refuse("pairing.window_seconds", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxSeconds));
  }
  if (pairing.business_hours() && definition.kind() != v1::METRIC_KIND_DURATION) {
    return Refuse("pairing.business_hours", "UNUSED", "is for durations only");
  }
  return absl::OkStatus();
}

absl::Status CheckSession(const v1::MetricDefinition& definition) {
  const v1::SessionRule& session = definition.session();
  if (ShapeOf(definition.kind()) != Shape::kSessions) return absl::OkStatus();
  if (session.figure() == v1::SESSION_FIGURE_UNSPECIFIED ||
      !v1::SessionFigure_IsValid(session.figure())) {
    return Refuse("session.figure", "REQUIRED", "must be count, duration, bounce or engaged");
  }
  if (session.idle_seconds() < 0 || session.idle_seconds() > kMaxSeconds) {
    return Refuse("session.idle_seconds", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxSeconds));
  }
  if (session.maximum_seconds() < 0 || session.maximum_seconds() > kMaxSeconds) {
    return Refuse("session.maximum_seconds", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxSeconds));
  }
  if (session.engaged_seconds() < 0) {
    return Refuse("session.engaged_seconds", "OUT_OF_RANGE", "must be >= 0");
  }
  if (session.engaged_views() < 0) {
    return Refuse("session.engaged_views", "OUT_OF_RANGE", "must be >= 0");
  }
  return absl::OkStatus();
}

absl::Status CheckEngagement(const v1::MetricDefinition& definition) {
  constexpr int kTypes = 4;
  if (ShapeOf(definition.kind()) != Shape::kEngaged) return absl::OkStatus();
  const v1::EngagementScoring& scoring = definition.engagement();
  if (!std::isfinite(scoring.half_life_days()) || scoring.half_life_days() <= 0) {
    return Refuse("engagement.half_life_days", "NOT_POSITIVE", "must be > 0");
  }
  if (scoring.weights_size() != kTypes) {
    return Refuse("engagement.weights", "WRONG_NUMBER",
                  "must be four: cognitive, emotional, behavioural, transactional");
  }
  if (scoring.saturations_size() != kTypes) {
    return Refuse("engagement.saturations", "WRONG_NUMBER", "must be four, as the weights");
  }
  double total = 0;
  for (int i = 0; i < kTypes; ++i) {
    if (!std::isfinite(scoring.weights(i)) || scoring.weights(i) < 0) {
      return Refuse(Cat("engagement.weights[", i, "]"), "NEGATIVE", "must be >= 0");
    }
    if (!std::isfinite(scoring.saturations(i)) || scoring.saturations(i) <= 0) {
      return Refuse(Cat("engagement.saturations[", i, "]"), "NOT_POSITIVE", "must be > 0");
    }
    total += scoring.weights(i);
  }
  if (total > 0) return absl::OkStatus();
  return Refuse("engagement.weights", "NOT_POSITIVE", "must not all be 0");
}

absl::Status CheckParts(const v1::MetricDefinition& definition) {
  const v1::MetricKind kind = definition.kind();
  if (kind == v1::METRIC_KIND_RECURRING_REVENUE &&
      (definition.recurring_part() == v1::RECURRING_PART_UNSPECIFIED ||
       !v1::RecurringPart_IsValid(definition.recurring_part()))) {
    return Refuse("recurring_part", "REQUIRED", "must name a part of recurring revenue");
  }
  if (!std::isfinite(definition.factor()) || definition.factor() < 0 ||
      (definition.factor() != 0 && kind != v1::METRIC_KIND_RECURRING_REVENUE)) {
    return Refuse("factor", "OUT_OF_RANGE", "must be > 0, and is for recurring revenue only");
  }
  if (kind == v1::METRIC_KIND_REFERENCE_RATIO) {
    if (!IsId(definition.reference())) {
      return Refuse("reference", "REQUIRED", "must be the id of a reference series");
    }
    if (!v1::ReferenceKind_IsValid(definition.reference_kind())) {
      return Refuse("reference_kind", "UNKNOWN_REFERENCE_KIND", "must be level or flow");
    }
  }
  if (kind == v1::METRIC_KIND_FACT_MEAN && definition.fact() != "value.predicted" &&
      definition.fact() != "value.historic") {
    return Refuse("fact", "UNKNOWN_FACT", "must be value.predicted or value.historic");
  }
  const bool share = kind == v1::METRIC_KIND_SCORE_SHARE || kind == v1::METRIC_KIND_COUNT_RATIO ||
                     kind == v1::METRIC_KIND_CONVERSION || kind == v1::METRIC_KIND_RETENTION ||
                     kind == v1::METRIC_KIND_CHURN || kind == v1::METRIC_KIND_REPEAT_RATE ||
                     kind == v1::METRIC_KIND_DISTINCT_RATIO ||
                     (kind == v1::METRIC_KIND_SESSION && CountsBase(definition));
  if (definition.complement() && !share) {
    return Refuse("complement", "UNUSED", Cat("a ", KindWord(kind), " is no share"));
  }
  return absl::OkStatus();
}

absl::Status CheckBands(const v1::MetricDefinition& definition) {
  for (int i = 0; i < definition.bands_size(); ++i) {
    const v1::Band& band = definition.bands(i);
    if (!std::isfinite(band.from())) {
      return Refuse(Cat("bands[", i, "].from"), "BAD_NUMBER", "must be finite");
    }
    if (band.label().empty()) {
      return Refuse(Cat("bands[", i, "].label"), "REQUIRED", "is required");
    }
    if (i > 0 && band.from() <= definition.bands(i - 1).from()) {
      return Refuse(Cat("bands[", i, "].from"), "NOT_RISING", "must be above the band before");
    }
  }
  if (definition.histogram_edges_size() > kMaxEdges) {
    return Refuse("histogram_edges", "TOO_MANY", Cat("has more than ", kMaxEdges, " edges"));
  }
  if (definition.histogram_edges_size() > 0 && !IsDistribution(definition)) {
    return Refuse("histogram_edges", "UNUSED", "is for distributions only");
  }
  for (int i = 0; i < definition.histogram_edges_size(); ++i) {
    const double edge = definition.histogram_edges(i);
    const bool rises = i == 0 || edge > definition.histogram_edges(i - 1);
    if (!std::isfinite(edge) || std::abs(edge) > 1e12 || !rises) {
      return Refuse(Cat("histogram_edges[", i, "]"), "NOT_RISING", "must rise and be finite");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckEnums(const v1::MetricDefinition& definition) {
  if (definition.kind() == v1::METRIC_KIND_UNSPECIFIED ||
      !v1::MetricKind_IsValid(definition.kind())) {
    return Refuse("kind", "REQUIRED", "must name a kind of maths");
  }
  if (definition.unit() == v1::METRIC_UNIT_UNSPECIFIED ||
      !v1::MetricUnit_IsValid(definition.unit())) {
    return Refuse("unit", "REQUIRED", "must name a unit");
  }
  if (!v1::Direction_IsValid(definition.direction())) {
    return Refuse("direction", "UNKNOWN_DIRECTION", "must be higher or lower, or left out");
  }
  if (definition.minimum_sample() < 1) {
    return Refuse("minimum_sample", "NOT_POSITIVE", "must be >= 1");
  }
  if (!v1::Statistic_IsValid(definition.statistic()) ||
      (definition.statistic() != v1::STATISTIC_UNSPECIFIED && !IsDistribution(definition))) {
    return Refuse("statistic", "NO_DISTRIBUTION", "is for distributions only");
  }
  if (!v1::Granularity_IsValid(definition.band_granularity())) {
    return Refuse("band_granularity", "UNKNOWN_GRANULARITY", "is no granularity");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckDefinition(const v1::MetricDefinition& definition, const filter::Names* names) {
  RETURN_IF_ERROR(CheckTexts(definition));
  RETURN_IF_ERROR(CheckEnums(definition));
  RETURN_IF_ERROR(CheckEvents(definition, names));
  RETURN_IF_ERROR(CheckSides(definition));
  RETURN_IF_ERROR(CheckScale(definition));
  RETURN_IF_ERROR(CheckPairing(definition));
  RETURN_IF_ERROR(CheckSession(definition));
  RETURN_IF_ERROR(CheckEngagement(definition));
  RETURN_IF_ERROR(CheckParts(definition));
  return CheckBands(definition);
}

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/evaluation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/metrics/point.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {

Evaluation::Evaluation(const PreparedQuery& query)
    : query_(query),
      measure_(Measure::Create(query.metric(), &query.filter())),
      table_(query.slots()),
      own_(0) {}

Evaluation::Evaluation(const PreparedQuery& query, ListingRequest listing)
    : query_(query),
      measure_(Measure::Create(query.metric(), &query.filter())),
      table_(query.slots()),
      listing_(std::move(listing)),
      own_(query.slots()) {}

void Evaluation::Customer(const CustomerInput& input) {
  if (!measure_->Read(input)) return;
  customer_key_ = query_.grouping().CustomerKey(input.codes);
  SumTable& table = listing_ ? own_ : table_;
  if (IsDated(query_.definition().kind())) {
    Dated(input, table);
  } else {
    Windowed(input, table);
  }
  if (!listing_) return;
  List(input.customer_no);
  table_.Merge(own_, query_.grouping());
  own_.Clear();
}

GroupKey Evaluation::KeyOf(const CustomerInput& input, size_t event, SumTable& table) const {
  const Grouping& grouping = query_.grouping();
  GroupKey key = customer_key_;
  grouping.SetEvent(input.events[event], key);
  if (!grouping.reads_payload() || input.payloads == nullptr) return key;
  const auto* payload = input.payloads->At(event);
  if (payload == nullptr) return key;
  const auto& properties = payload->rest().properties();
  for (size_t i = 0; i < grouping.dimensions().size(); ++i) {
    if (grouping.dimensions()[i].kind != DimensionKind::kProperty) continue;
    const auto found = properties.find(grouping.dimensions()[i].key);
    if (found == properties.end()) continue;
    const std::string label = PropertyLabel(found->second);
    if (!label.empty()) key[i] = table.properties().NumberOf(label);
  }
  return key;
}

void Evaluation::Dated(const CustomerInput& input, SumTable& table) {
  const bool grouped = !query_.grouping().empty();
  const auto sink = [&](size_t event, const Observation& observation) {
    bool has_key = false;
    GroupKey key{};
    for (size_t range = 0; range < query_.ranges().size(); ++range) {
      const Windows& windows = query_.ranges()[range];
      const size_t place = windows.BaseOf(input.events[event].time);
      if (place == windows.base().size()) continue;
      const size_t slot = query_.first_slot(range) + place;
      table.Total(slot).Add(observation);
      if (!grouped) continue;
      if (!has_key) key = KeyOf(input, event, table);
      has_key = true;
      if (Sums* sums = table.Group(key, slot)) sums->Add(observation);
    }
  };
  measure_->ForEachDated(sink);
}

void Evaluation::Windowed(const CustomerInput& input, SumTable& table) {
  const Grouping& grouping = query_.grouping();
  const auto key_of = [&](size_t event) { return KeyOf(input, event, table); };
  const Measure::GroupOf group_of(key_of);
  for (size_t range = 0; range < query_.ranges().size(); ++range) {
    const auto sink = [&](size_t window, const GroupKey* group, const Observation& observation) {
      const size_t slot = query_.first_slot(range) + window;
      if (group == nullptr) table.Total(slot).Add(observation);
      // A customer's own dimensions group the total's observation.
      const bool by_customer_only = !grouping.empty() && !grouping.by_event();
      if (group == nullptr && !by_customer_only) return;
      Sums* sums = table.Group(group == nullptr ? customer_key_ : *group, slot);
      if (sums != nullptr) sums->Add(observation);
    };
    const auto slots = query_.SlotWindows(range);
    const Measure::GroupOf* by_event = grouping.by_event() ? &group_of : nullptr;
    // The whole range comes after the points and begins before them: on its own.
    const size_t points = query_.ranges()[range].points().size();
    measure_->ForEachWindow(slots.first(points), by_event, sink);
    if (slots.size() == points) continue;
    const auto whole = [&](size_t, const GroupKey* group, const Observation& observation) {
      sink(points, group, observation);
    };
    measure_->ForEachWindow(slots.subspan(points), by_event, whole);
  }
}

void Evaluation::Merge(Evaluation&& other) {
  table_.Merge(other.table_, query_.grouping());
  listed_.insert(listed_.end(), other.listed_.begin(), other.listed_.end());
}

bool Evaluation::Listed(const GroupKey& key) const {
  const Grouping& grouping = query_.grouping();
  for (size_t i = 0; i < grouping.dimensions().size(); ++i) {
    if (grouping.Label(i, key[i], query_.scope(), own_.properties()) != listing_->group[i]) {
      return false;
    }
  }
  return true;
}

void Evaluation::List(uint32_t customer_no) {
  Int128 raw = 0;
  if (listing_->group.empty()) {
    for (const Sums& sums : own_.total()) raw += RawSide(query_.definition(), sums, listing_->side);
  } else {
    for (const auto& [key, place] : own_.groups()) {
      if (!Listed(key)) continue;
      for (const Sums& sums : own_.row(place)) {
        raw += RawSide(query_.definition(), sums, listing_->side);
      }
    }
  }
  if (raw != 0) listed_.push_back({customer_no, raw});
}

absl::Status CheckListing(const v1::ListMetricCustomersRequest& request) {
  const v1::QueryMetricRequest& query = request.query();
  if (query.granularity() != v1::GRANULARITY_UNSPECIFIED) {
    return InvalidField("query.granularity", "ONE_BUCKET_ONLY",
                        "customers are listed over the whole range: leave it out");
  }
  if (query.rolling_buckets() > 1) {
    return InvalidField("query.rolling_buckets", "ONE_BUCKET_ONLY", "leave it out");
  }
  if (query.compare_size() > 0) {
    return InvalidField("query.compare", "ONE_RANGE_ONLY", "leave it out");
  }
  if (query.top() > 0) return InvalidField("query.top", "ONE_GROUP_ONLY", "leave it out");
  if (request.group_size() != 0 && request.group_size() != query.group_by_size()) {
    return InvalidField(
        "group", "WRONG_NUMBER_OF_LABELS",
        Cat("must have one label for each of the ", query.group_by_size(), " dimensions, or none"));
  }
  return absl::OkStatus();
}

namespace {

Int128 RawNumerator(const v1::MetricDefinition& definition, const Sums& sums) {
  const RecurringSums& recurring = sums.parts().recurring;
  const MemberSums& members = sums.parts().members;
  switch (definition.kind()) {
    case v1::METRIC_KIND_NET_SCORE: {
      const ScoreCounts counts = CountScores(definition, sums);
      return counts.positive - counts.negative;
    }
    case v1::METRIC_KIND_SCORE_SHARE:
      return CountScores(definition, sums).positive;
    case v1::METRIC_KIND_SCORE_MEAN:
      return std::llround(ScoreMomentsOf(definition, sums).sum *
                          static_cast<double>(kMicrosPerUnit));
    case v1::METRIC_KIND_MONEY_SUM:
    case v1::METRIC_KIND_MONEY_PER_COUNT:
    case v1::METRIC_KIND_CLV_SIMPLE:
    case v1::METRIC_KIND_VALUE_MEAN:
    case v1::METRIC_KIND_VALUE_DISTRIBUTION:
    case v1::METRIC_KIND_DURATION:
    case v1::METRIC_KIND_ENGAGEMENT_SCORE:
    case v1::METRIC_KIND_FACT_MEAN:
      return sums.sum;
    case v1::METRIC_KIND_SESSION:
      return definition.session().figure() == v1::SESSION_FIGURE_DURATION ? sums.sum : sums.count;
    case v1::METRIC_KIND_RETENTION:
      return members.at_end() - members.joined;
    case v1::METRIC_KIND_CHURN:
      return members.left;
    case v1::METRIC_KIND_NET_GROWTH:
      return members.at_end() - members.at_start;
    case v1::METRIC_KIND_CUSTOMER_COUNT:
      return members.at_end();
    case v1::METRIC_KIND_RECURRING_REVENUE:
      return RecurringPartOf(definition.recurring_part(), recurring).money;
    case v1::METRIC_KIND_NET_REVENUE_RETENTION:
      return recurring.start.money + recurring.expansion.money - recurring.contraction.money -
             recurring.churned.money;
    case v1::METRIC_KIND_GROSS_REVENUE_RETENTION:
      return recurring.start.money - recurring.contraction.money - recurring.churned.money;
    case v1::METRIC_KIND_REVENUE_CHURN:
      return recurring.contraction.money + recurring.churned.money;
    default:
      return sums.count;
  }
}

Int128 RawDenominator(const v1::MetricDefinition& definition, const Sums& sums) {
  if (IsScore(definition.kind())) return CountScores(definition, sums).answers;
  switch (ShapeOf(definition.kind())) {
    case Shape::kMembers:
      return sums.parts().members.at_start;
    case Shape::kRecurring:
      return sums.parts().recurring.start.money;
    default:
      break;
  }
  return CountsBase(definition) ? sums.base : sums.count;
}

}  // namespace

Int128 RawSide(const v1::MetricDefinition& definition, const Sums& sums, v1::MetricSide side) {
  Int128 raw = side == v1::METRIC_SIDE_DENOMINATOR ? RawDenominator(definition, sums)
                                                   : RawNumerator(definition, sums);
  const bool flips = side != v1::METRIC_SIDE_DENOMINATOR && definition.complement();
  return flips ? RawDenominator(definition, sums) - raw : raw;
}

double ShareOf(Int128 raw, Int128 raw_total, double side_of_point) {
  if (raw_total == 0) return 0;
  return static_cast<double>(static_cast<long double>(raw) *
                             static_cast<long double>(side_of_point) /
                             static_cast<long double>(raw_total));
}

}  // namespace rapport::metrics

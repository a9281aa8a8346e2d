// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/prepared_query.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/metrics/measure_cells.h"

namespace rapport::metrics {
namespace {

constexpr Granularity kGranularities[] = {Granularity::kDay, Granularity::kWeek,
                                          Granularity::kMonth, Granularity::kQuarter,
                                          Granularity::kYear};

// True when every day of [whole_begin, whole_end) that has data lies in [begin, end).
bool HoldsDataOf(CivilDays begin, CivilDays end, const TimeWindow& whole, const Scope& scope) {
  const CivilDays first = std::max(whole.first_day, scope.first_day);
  const CivilDays last = std::min(whole.end_day, scope.last_day + 1);
  return first >= last || (begin <= first && last <= end);
}

// Kinds whose figures no single event decides take filters on customers only.
bool FiltersEvents(Shape shape) {
  return shape != Shape::kMembers && shape != Shape::kRecurring && shape != Shape::kFacts;
}

bool OnlyMeasureFields(const filter::Expression& expression) {
  const auto paths = expression.Paths();
  return std::all_of(paths.begin(), paths.end(), [](const std::string& path) {
    return path == "channel" || path == "touchpoint" || path == "campaign";
  });
}

}  // namespace

std::optional<KeptPlace> KeptPlaceOf(CivilDays begin, CivilDays end,
                                     std::optional<Granularity> granularity, const Scope& scope) {
  const auto at = [&](Granularity candidate) -> std::optional<KeptPlace> {
    const TimeWindow whole = CalendarWindow(begin, candidate, scope.calendar);
    if (end > whole.end_day || !HoldsDataOf(begin, end, whole, scope)) return std::nullopt;
    return KeptPlace{static_cast<uint8_t>(candidate), whole.first_day};
  };
  if (granularity) return at(*granularity);
  if (begin <= scope.first_day && scope.last_day < end) return KeptPlace{0, 0};
  for (const Granularity candidate : kGranularities) {
    if (const auto place = at(candidate)) return place;
  }
  return std::nullopt;
}

absl::StatusOr<PreparedQuery> PreparedQuery::Create(const v1::QueryMetricRequest& request,
                                                    const v1::MetricDefinition& definition,
                                                    const Scope& scope, const QueryLimits& limits) {
  PreparedQuery query;
  query.request_ = request;
  query.max_groups_ = limits.max_groups;
  ASSIGN_OR_RETURN(CompiledMetric metric, CompiledMetric::Create(definition, scope));
  query.metric_ = std::make_shared<const CompiledMetric>(std::move(metric));
  RETURN_IF_ERROR(query.Fill(limits));
  return query;
}

absl::Status PreparedQuery::Fill(const QueryLimits& limits) {
  RETURN_IF_ERROR(ReadOptions());
  ASSIGN_OR_RETURN(grouping_, Grouping::Create(request_.group_by(), definition()));
  RETURN_IF_ERROR(ReadFilter());
  RETURN_IF_ERROR(AddRanges(limits));
  LayOut();
  return absl::OkStatus();
}

absl::Status PreparedQuery::ReadOptions() {
  if (!std::isfinite(request_.years()) || request_.years() < 0) {
    return InvalidField("years", "NOT_POSITIVE", "must be > 0");
  }
  years_ = request_.years() == 0 ? 1.0 : request_.years();
  if (request_.top() < 0 || static_cast<size_t>(request_.top()) > max_groups_) {
    return InvalidField("top", "OUT_OF_RANGE", Cat("must be 0 to ", max_groups_));
  }
  if (request_.top() > 0 && request_.group_by().empty()) {
    return InvalidField("top", "NOTHING_TO_GROUP", "needs group_by");
  }
  if (!v1::Statistic_IsValid(request_.statistic())) {
    return InvalidField("statistic", "UNKNOWN_STATISTIC", "must be mean, median or p75 to p99");
  }
  if (request_.statistic() != v1::STATISTIC_UNSPECIFIED && !IsDistribution(definition())) {
    return InvalidField(
        "statistic", "NO_DISTRIBUTION",
        Cat(definition().metric(), " has no statistics: it is a ", KindWord(definition().kind())));
  }
  if (definition().kind() == v1::METRIC_KIND_REFERENCE_RATIO &&
      (scope().references == nullptr || !scope().references->Has(definition().reference()))) {
    return InvalidField("metric", "NO_REFERENCE_SERIES",
                        Cat(definition().metric(), " needs the reference series '",
                            definition().reference(), "': import it with ImportReferenceSeries"));
  }
  const bool rolls = request_.rolling_buckets() > 1;
  if (metric_->shape() == Shape::kFacts &&
      (request_.granularity() != v1::GRANULARITY_UNSPECIFIED || rolls)) {
    return InvalidField("granularity", "AS_OF_NOW",
                        Cat(definition().metric(), " is known as of now only: ask without one"));
  }
  return absl::OkStatus();
}

absl::Status PreparedQuery::ReadFilter() {
  filter::Context context;
  context.base_currency = UnpackCurrency(scope().base_currency);
  context.calendar = scope().calendar;
  context.names = scope().names;
  ASSIGN_OR_RETURN(expression_,
                   filter::Parse(request_.filter(), filter::EventAndCustomerCatalogue(), context));
  filter_ =
      std::make_shared<const filter::EventPredicate>(filter::Bind(expression_, *scope().names));
  if (!FiltersEvents(metric_->shape()) && expression_.places().HasEvent()) {
    return InvalidField("filter", "UNSUPPORTED_FILTER",
                        Cat(definition().metric(),
                            " is a figure of customers, not of events: it "
                            "takes fields with `customer.` only"));
  }
  return absl::OkStatus();
}

absl::Status PreparedQuery::AddRanges(const QueryLimits& limits) {
  const WindowRequest wanted{request_.start_date(), request_.end_date(), request_.granularity(),
                             request_.rolling_buckets(), limits.max_windows};
  ASSIGN_OR_RETURN(Windows windows, Windows::Resolve(wanted, scope()));
  comparisons_.push_back(v1::COMPARISON_UNSPECIFIED);
  ranges_.push_back(std::move(windows));
  for (int i = 0; i < request_.compare_size(); ++i) {
    const auto comparison = static_cast<v1::Comparison>(request_.compare(i));
    const std::string field = Cat("compare[", i, "]");
    if (comparison != v1::COMPARISON_PREVIOUS_PERIOD &&
        comparison != v1::COMPARISON_SAME_PERIOD_LAST_YEAR) {
      return InvalidField(field, "UNKNOWN_COMPARISON",
                          "must be the previous period or the same period last year");
    }
    if (std::find(comparisons_.begin(), comparisons_.end(), comparison) != comparisons_.end()) {
      return InvalidField(field, "DUPLICATE_COMPARISON", "is there twice");
    }
    if (metric_->shape() == Shape::kFacts) {
      return InvalidField(field, "AS_OF_NOW",
                          Cat(definition().metric(), " is known as of now only"));
    }
    comparisons_.push_back(comparison);
    ranges_.push_back(ranges_[0].Compared(comparison, scope()));
  }
  return absl::OkStatus();
}

void PreparedQuery::LayOut() {
  const Shape shape = metric_->shape();
  const TimeWindow& asked = ranges_[0].whole();
  has_whole_ = ranges_[0].rolling() <= 1;
  // What customers count once in is not known over any range without reading all events.
  if (has_whole_ && (shape == Shape::kDistinct || shape == Shape::kRecurring) &&
      ranges_[0].points().size() > 1 && ranges_.size() == 1) {
    has_whole_ = KeptPlaceOf(asked.first_day, asked.end_day, std::nullopt, scope()).has_value();
  }
  for (const Windows& windows : ranges_) {
    first_slots_.push_back(slots_);
    std::vector<TimeWindow>& slots = slot_windows_.emplace_back();
    if (IsDated(definition().kind())) {
      slots.assign(windows.base().begin(), windows.base().end());
    } else {
      slots.assign(windows.covers().begin(), windows.covers().end());
      if (has_whole_ && slots.size() > 1) slots.push_back(windows.whole());
    }
    slots_ += slots.size();
  }
}

v1::Statistic PreparedQuery::statistic() const {
  if (request_.statistic() != v1::STATISTIC_UNSPECIFIED) return request_.statistic();
  const v1::Statistic own = definition().statistic();
  return own == v1::STATISTIC_UNSPECIFIED ? v1::STATISTIC_MEAN : own;
}

bool PreparedQuery::reads_payload() const {
  return metric_->reads_payload() || filter_->reads_payload() || grouping_.reads_payload();
}

filter::PlaceSet PreparedQuery::customer_places() const {
  filter::PlaceSet places = filter_->customer_places();
  places.Add(metric_->numerator_filter().customer_places());
  places.Add(metric_->denominator_filter().customer_places());
  return places;
}

TimeMicros PreparedQuery::first_instant() const {
  const Shape shape = metric_->shape();
  if (shape != Shape::kEvents && shape != Shape::kDistinct) {
    return std::numeric_limits<TimeMicros>::min();
  }
  TimeMicros first = std::numeric_limits<TimeMicros>::max();
  for (const auto& slots : slot_windows_) {
    for (const TimeWindow& window : slots) first = std::min(first, window.begin);
  }
  return first;
}

TimeMicros PreparedQuery::end_instant() const {
  // A goal may come after the range.
  if (metric_->shape() == Shape::kPairs || metric_->shape() == Shape::kSessions) {
    return scope().event_end;
  }
  TimeMicros end = std::numeric_limits<TimeMicros>::min();
  for (const auto& slots : slot_windows_) {
    for (const TimeWindow& window : slots) end = std::max(end, window.end);
  }
  return std::min(end, scope().event_end);
}

std::string PreparedQuery::WhyNoCells() const {
  if (!IsAdditive(definition().kind())) return "not a count of events";
  if (ranges_[0].hourly()) return "buckets of an hour";
  if (!metric_->cell_filters()) return "the definition's filter";
  if (!expression_.empty() && !expression_.OnlyCellFields()) return "the filter";
  if (!grouping_.OnlyCellDimensions(true)) return "the groups";
  return "";
}

std::string PreparedQuery::WhyNoMeasureCells(const StoredMeasures& stored) const {
  if (!HasMeasureCells(*metric_)) return "not stored by the night";
  const bool dated = IsDated(definition().kind());
  if (ranges_[0].hourly()) return "buckets of an hour";
  if (!expression_.empty() && (!dated || !OnlyMeasureFields(expression_))) return "the filter";
  if (dated ? !grouping_.OnlyCellDimensions(false) : !grouping_.empty()) return "the groups";
  if (!stored.has || !stored.has(definition().metric(), FingerprintOf(definition(), scope()))) {
    return "the night has not stored this definition with these settings";
  }
  if (!dated && metric_->shape() != Shape::kMembers && !PlacesKept(stored)) {
    return "ranges that are no calendar buckets";
  }
  return "";
}

bool PreparedQuery::PlacesKept(const StoredMeasures& stored) const {
  for (size_t range = 0; range < ranges_.size(); ++range) {
    const size_t points = ranges_[range].points().size();
    for (size_t i = 0; i < slot_windows_[range].size(); ++i) {
      const TimeWindow& window = slot_windows_[range][i];
      // A widened window is none of the kept ones even where it looks like one.
      const auto granularity = i < points ? ranges_[range].granularity() : std::nullopt;
      const auto place = KeptPlaceOf(window.first_day, window.end_day, granularity, scope());
      if (ranges_[range].rolling() > 1 || !place) return false;
      if (metric_->shape() != Shape::kEngaged) continue;
      if (place->granularity == 0 || window.end > stored.as_of) return false;
      const auto kept = static_cast<Granularity>(place->granularity);
      const CivilDays stored_day = scope().calendar.DayOf(stored.as_of);
      if (NextBucket(place->day, kept) != window.end_day ||
          !KeepsEngagement(kept, place->day, stored_day)) {
        return false;
      }
    }
  }
  return true;
}

PlanChoice PreparedQuery::Choose(const StoredMeasures& stored) const {
  const std::string no_cells = WhyNoCells();
  if (no_cells.empty()) return {Plan::kCells, ""};
  const std::string no_measures = WhyNoMeasureCells(stored);
  if (no_measures.empty()) return {Plan::kMeasureCells, no_cells};
  return {Plan::kScan, IsAdditive(definition().kind()) ? no_cells : no_measures};
}

}  // namespace rapport::metrics

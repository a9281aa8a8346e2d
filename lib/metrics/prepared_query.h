// SPDX-License-Identifier: Apache-2.0
// A metric query, validated and laid out: which windows, groups and filters, what each
// slot of its sums stands for, and how it is to be computed.
//
// Slots: the sums of a query are a row of slots, those of the range asked for first, then
// those of each range to compare with. Dated kinds have a slot per bucket of
// Windows::base(); the others one per point, and one for the whole range where it is known.
// Immutable, thread-safe; cheap to move. The scope must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/filter/expression.h"
#include "lib/filter/predicate.h"
#include "lib/metrics/compiled.h"
#include "lib/metrics/grouping.h"
#include "lib/metrics/windows.h"
#include "rapport/v1/metric_service.pb.h"

namespace rapport::metrics {

inline constexpr size_t kMaxGroups = 1000;

enum class Plan : uint8_t { kCells, kMeasureCells, kScan };
// How a query is computed, and why not in a cheaper way.
struct PlanChoice {
  Plan plan = Plan::kScan;
  std::string reason;
};

// What the night stored of measures (measure_cells.h).
struct StoredMeasures {
  // Whether sums of this metric with this fingerprint are there.
  std::function<bool(std::string_view metric, std::string_view fingerprint)> has;
  TimeMicros as_of = 0;  // Of the generation.
};

// Which kept bucket holds the same as a window: 0 all time, else a Granularity.
struct KeptPlace {
  uint8_t granularity = 0;
  CivilDays day = 0;
};
// nullopt when only part of a calendar bucket's data lies in [begin, end).
std::optional<KeptPlace> KeptPlaceOf(CivilDays begin, CivilDays end,
                                     std::optional<Granularity> granularity, const Scope& scope);

struct QueryLimits {
  size_t max_windows = kMaxWindows;
  size_t max_groups = kMaxGroups;
};

class PreparedQuery {
 public:
  // INVALID_ARGUMENT on start_date, end_date, granularity, group_by[i], filter, top,
  // compare[i], rolling_buckets, statistic or years, with a hint. Keeps a pointer to `scope`,
  // which must outlive the query; request and definition are copied.
  static absl::StatusOr<PreparedQuery> Create(const v1::QueryMetricRequest& request,
                                              const v1::MetricDefinition& definition,
                                              const Scope& scope, const QueryLimits& limits = {});

  const v1::QueryMetricRequest& request() const { return request_; }
  const CompiledMetric& metric() const { return *metric_; }
  const v1::MetricDefinition& definition() const { return metric_->definition(); }
  const Scope& scope() const { return metric_->scope(); }
  const Grouping& grouping() const { return grouping_; }
  // The query's own filter.
  const filter::EventPredicate& filter() const { return *filter_; }
  const filter::Expression& expression() const { return expression_; }
  size_t max_groups() const { return max_groups_; }
  double years() const { return years_; }
  v1::Statistic statistic() const;

  // The range asked for, then those to compare with.
  std::span<const Windows> ranges() const { return ranges_; }
  v1::Comparison comparison(size_t range) const { return comparisons_[range]; }

  // --- Slots.
  size_t slots() const { return slots_; }
  size_t first_slot(size_t range) const { return first_slots_[range]; }
  // Windows of the slots of a range.
  std::span<const TimeWindow> SlotWindows(size_t range) const { return slot_windows_[range]; }
  // Whether the whole range is known besides the points.
  bool has_whole() const { return has_whole_; }

  // --- What a run must supply.
  bool reads_payload() const;
  bool reads_customer() const { return metric_->reads_customer() || filter_->reads_customer(); }
  // Of v1.Customer, for filters.
  filter::PlaceSet customer_places() const;
  // Instants outside of which no event matters; the begin is open for kinds that look back.
  TimeMicros first_instant() const;
  TimeMicros end_instant() const;

  PlanChoice Choose(const StoredMeasures& stored) const;

 private:
  PreparedQuery() = default;
  absl::Status Fill(const QueryLimits& limits);
  absl::Status ReadFilter();
  absl::Status ReadOptions();
  absl::Status AddRanges(const QueryLimits& limits);
  void LayOut();
  std::string WhyNoCells() const;
  std::string WhyNoMeasureCells(const StoredMeasures& stored) const;
  bool PlacesKept(const StoredMeasures& stored) const;

  v1::QueryMetricRequest request_;
  std::shared_ptr<const CompiledMetric> metric_;
  Grouping grouping_;
  filter::Expression expression_;
  std::shared_ptr<const filter::EventPredicate> filter_;
  std::vector<Windows> ranges_;
  std::vector<v1::Comparison> comparisons_;
  std::vector<std::vector<TimeWindow>> slot_windows_;
  std::vector<size_t> first_slots_;
  size_t slots_ = 0;
  size_t max_groups_ = kMaxGroups;
  bool has_whole_ = true;
  double years_ = 1;
};

}  // namespace rapport::metrics

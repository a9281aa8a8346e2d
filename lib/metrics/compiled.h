// SPDX-License-Identifier: Apache-2.0
// A definition made ready for one workspace: event types as bits, filters bound, defaults
// filled in. Immutable and thread-safe; keeps a pointer to the scope, which must outlive it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/event_columns.h"
#include "lib/filter/customer_events.h"
#include "lib/metrics/customer_input.h"
#include "lib/metrics/kinds.h"
#include "lib/metrics/scope.h"
#include "lib/metrics/sums.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

// What an event may be for a metric, by its type.
enum Role : uint8_t { kNumerator = 1, kDenominator = 2, kSubtracted = 4 };

// Working time of the workspace, for durations in business hours.
class BusinessTime {
 public:
  // Monday to Friday, 9 to 17 o'clock where the settings say nothing.
  BusinessTime(const v1::BusinessHours& hours, const Calendar& calendar);
  // Working micros in [begin, end).
  int64_t Between(TimeMicros begin, TimeMicros end) const;

 private:
  int64_t WithinDay(CivilDays day, TimeMicros begin, TimeMicros end) const;
  Calendar calendar_;
  std::array<bool, 7> works_{};  // From Monday.
  int start_minute_ = 540, end_minute_ = 1020;
};

class CompiledMetric {
 public:
  // Errors of filters name `definition.numerator_filter` and `.denominator_filter`.
  static absl::StatusOr<CompiledMetric> Create(const v1::MetricDefinition& definition,
                                               const Scope& scope);

  const v1::MetricDefinition& definition() const { return definition_; }
  v1::MetricKind kind() const { return definition_.kind(); }
  const Scope& scope() const { return *scope_; }
  Shape shape() const { return ShapeOf(definition_.kind()); }

  // Bits of Role.
  uint8_t RolesOf(uint16_t type) const {
    if (type < roles_.size()) return roles_[type];
    return type >= filter::kFirstCustomType ? CustomRoles(type) : uint8_t{0};
  }
  // Standard types with a role, and whether custom ones may have one: which cells to read.
  std::vector<uint16_t> Types() const;
  const filter::EventPredicate& numerator_filter() const { return *numerator_filter_; }
  const filter::EventPredicate& denominator_filter() const { return *denominator_filter_; }
  bool filtered() const { return !numerator_filter_->empty() || !denominator_filter_->empty(); }
  // The filters read only what event cells hold.
  bool cell_filters() const { return cell_filters_; }
  bool reads_payload() const {
    return numerator_filter_->reads_payload() || denominator_filter_->reads_payload();
  }
  bool reads_customer() const {
    return numerator_filter_->reads_customer() || denominator_filter_->reads_customer();
  }
  const BusinessTime& business_time() const { return *business_time_; }
  // Complete with defaults.
  const v1::SessionRule& session() const { return definition_.session(); }

  // Base currency for a unit of a currency, in nanos; nullopt without a rate.
  std::optional<int64_t> RateOf(uint16_t currency, CivilDays day) const;
  // An amount in base currency, micros x nanos; nullopt without a rate.
  std::optional<Int128> Convert(int64_t micros, uint16_t currency, CivilDays day) const;
  // Class of a value; nullopt without a histogram.
  std::optional<size_t> HistogramClass(int64_t micros) const;

 private:
  CompiledMetric() = default;
  uint8_t CustomRoles(uint16_t type) const;
  void SetRoles();
  void SetActivityRoles();

  v1::MetricDefinition definition_;
  const Scope* scope_ = nullptr;
  std::array<uint8_t, 256> roles_{};
  std::vector<std::pair<uint16_t, uint8_t>> custom_roles_;
  uint8_t any_custom_ = 0;
  bool cell_filters_ = true;
  std::vector<int64_t> edges_;  // Of the histogram, micros.
  std::shared_ptr<const filter::EventPredicate> numerator_filter_, denominator_filter_;
  std::shared_ptr<const BusinessTime> business_time_;
};

// What sums of a definition depend on: its maths short of the last division, and settings
// and rate version. Stored sums hold for the same fingerprint, also of another metric (churn
// and retention divide the same sums). 16 hexadecimal digits.
std::string FingerprintOf(const v1::MetricDefinition& definition, const Scope& scope);

}  // namespace rapport::metrics

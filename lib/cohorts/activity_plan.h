// SPDX-License-Identifier: Apache-2.0
// Which events make customers active, in which calendar buckets: what growth accounting and
// stickiness share.
//
// Days that are asked for are widened to whole buckets. A bucket that holds as_of is not
// over; later ones do not exist. Immutable and thread-safe; keeps a pointer to the scope,
// which must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "lib/cohorts/bound_filter.h"
#include "lib/cohorts/periods.h"
#include "lib/metrics/scope.h"

namespace rapport::cohorts {

inline constexpr int32_t kMaxBuckets = 2000;

struct ActivityQuestion {
  std::string filter = "";
  v1::Granularity granularity = v1::GRANULARITY_UNSPECIFIED;
  v1::Granularity default_granularity = v1::GRANULARITY_MONTH;
  std::string start_date = "";
  std::string end_date = "";
  // Buckets of the range when it has no start; 0: it stays open.
  int32_t default_buckets = 0;
};

class ActivityPlan {
 public:
  // InvalidField filter, granularity UNKNOWN_GRANULARITY, start_date | end_date BAD_DATE,
  // INVERTED_RANGE, TOO_MANY_BUCKETS.
  static absl::StatusOr<ActivityPlan> Create(const ActivityQuestion& question,
                                             const metrics::Scope& scope);

  const metrics::Scope& scope() const { return *scope_; }
  const EventFilter& filter() const { return filter_; }
  Granularity granularity() const { return granularity_; }
  v1::Granularity wire_granularity() const { return static_cast<v1::Granularity>(granularity_); }
  // Ordinals of the first bucket (nullopt: wherever the first event is), and behind the last.
  std::optional<int32_t> first() const { return first_; }
  int32_t end() const { return end_; }
  int32_t as_of_bucket() const { return as_of_bucket_; }
  CivilDays StartOf(int32_t ordinal) const {
    return StartOfOrdinal(ordinal, granularity_, scope_->calendar.week_start());
  }
  CustomerNeeds Needs() const;
  // "calendar weeks, Europe/Berlin".
  std::string BucketsInWords() const;

 private:
  ActivityPlan() = default;
  absl::Status ReadRange(const ActivityQuestion& question);

  const metrics::Scope* scope_ = nullptr;
  EventFilter filter_;
  Granularity granularity_ = Granularity::kMonth;
  std::optional<int32_t> first_;
  int32_t end_ = 0;
  int32_t as_of_bucket_ = 0;
};

}  // namespace rapport::cohorts

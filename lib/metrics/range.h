// SPDX-License-Identifier: Apache-2.0
// The days a query asks for, cut into buckets.
//
// A range is [begin, end) in civil days. Dates that a request gives are taken as they are,
// so the first and last bucket may be cut short; ends left open are widened to whole
// buckets around the first and last day with data. Pure and thread-safe.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/metrics/query.h"

namespace rapport::metrics {

inline constexpr size_t kMaxBuckets = 5000;

struct DayRange {
  CivilDays begin = 0;
  CivilDays end = 0;
};

struct QueryRange {
  DayRange days;
  std::vector<DayRange> buckets;           // Ascending, without gaps; at least one.
  std::optional<Granularity> granularity;  // nullopt: the whole range is the one bucket.

  // Index of the bucket that holds `day`, which must lie in `days`.
  size_t IndexOf(CivilDays day) const;
};

struct RangeRequest {
  std::string_view start_date;  // Empty: open.
  std::string_view end_date;
  v1::Granularity granularity = v1::GRANULARITY_UNSPECIFIED;
};

// InvalidArgument on start_date, end_date or granularity.
absl::StatusOr<QueryRange> ResolveRange(const RangeRequest& request, const QueryScope& scope);
// The range of the same length just before: as many months if both ends begin a month, as
// many days otherwise.
QueryRange PreviousRange(const QueryRange& range, WeekStart week_start);

// Distinct customers are counted per calendar bucket. Which count stands for `days`:
// the one at `day` of this granularity (0: all time, day 0). nullopt when none does,
// because only part of a calendar bucket's data lies in `days`.
struct DistinctPlace {
  uint16_t granularity = 0;
  CivilDays day = 0;
};
std::optional<DistinctPlace> DistinctPlaceOf(const DayRange& days,
                                             std::optional<Granularity> granularity,
                                             const QueryScope& scope);

// Length in years: whole calendar years, and the rest as a share of the year it lies in.
double YearsIn(const DayRange& days);

}  // namespace rapport::metrics

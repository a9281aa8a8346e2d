// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/range.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::metrics {
namespace {

constexpr Granularity kGranularities[] = {Granularity::kDay, Granularity::kWeek,
                                          Granularity::kMonth, Granularity::kQuarter,
                                          Granularity::kYear};

absl::StatusOr<CivilDays> ParseField(std::string_view field, std::string_view text) {
  const auto day = ParseDate(text);
  if (day.ok()) return *day;
  return InvalidField(field, "BAD_DATE", Cat("'", text, "' is not a date of the form 2026-11-21"));
}

absl::StatusOr<std::optional<Granularity>> GranularityOf(v1::Granularity granularity) {
  if (granularity == v1::GRANULARITY_UNSPECIFIED) return std::optional<Granularity>();
  if (granularity < v1::GRANULARITY_DAY || granularity > v1::GRANULARITY_YEAR) {
    return InvalidField("granularity", "UNKNOWN_GRANULARITY",
                        "must be day, week, month, quarter "
                        "or year");
  }
  return std::optional<Granularity>(static_cast<Granularity>(granularity));
}

// The days with data, or as_of's day when there are none.
DayRange DataDays(const QueryScope& scope) {
  if (scope.last_day < scope.first_day) return {scope.as_of_day, scope.as_of_day + 1};
  return {scope.first_day, scope.last_day + 1};
}

DayRange BucketAround(CivilDays day, Granularity granularity, WeekStart week_start) {
  const CivilDays begin = BucketStart(day, granularity, week_start);
  return {begin, NextBucket(begin, granularity)};
}

bool CutBuckets(WeekStart week_start, QueryRange& range) {
  if (!range.granularity) {
    range.buckets = {range.days};
    return true;
  }
  CivilDays begin = range.days.begin;
  while (begin < range.days.end) {
    if (range.buckets.size() == kMaxBuckets) return false;
    const CivilDays end = BucketAround(begin, *range.granularity, week_start).end;
    range.buckets.push_back({begin, std::min(end, range.days.end)});
    begin = end;
  }
  return true;
}

// True when every day of `whole` that has data lies in `part`.
bool HoldsDataOf(const DayRange& part, const DayRange& whole, const DayRange& data) {
  const CivilDays begin = std::max(whole.begin, data.begin);
  const CivilDays end = std::min(whole.end, data.end);
  return begin >= end || (part.begin <= begin && end <= part.end);
}

bool BeginsMonth(CivilDays day) { return CivilFromDays(day).day == 1; }

}  // namespace

size_t QueryRange::IndexOf(CivilDays day) const {
  const auto after =
      std::upper_bound(buckets.begin(), buckets.end(), day,
                       [](CivilDays at, const DayRange& bucket) { return at < bucket.begin; });
  return static_cast<size_t>(after - buckets.begin()) - 1;
}

absl::StatusOr<QueryRange> ResolveRange(const RangeRequest& request, const QueryScope& scope) {
  QueryRange range;
  ASSIGN_OR_RETURN(range.granularity, GranularityOf(request.granularity));
  const WeekStart week_start = scope.calendar.week_start();
  range.days = DataDays(scope);
  if (range.granularity) {
    range.days.begin = BucketStart(range.days.begin, *range.granularity, week_start);
    range.days.end = BucketAround(range.days.end - 1, *range.granularity, week_start).end;
  }
  if (!request.start_date.empty()) {
    ASSIGN_OR_RETURN(range.days.begin, ParseField("start_date", request.start_date));
  }
  if (!request.end_date.empty()) {
    ASSIGN_OR_RETURN(range.days.end, ParseField("end_date", request.end_date));
  }
  if (range.days.begin >= range.days.end) {
    // An open end never inverts a range: it gives way to the given one.
    if (request.end_date.empty()) {
      range.days.end = range.days.begin + 1;
    } else if (request.start_date.empty()) {
      range.days.begin = range.days.end - 1;
    } else {
      return InvalidField("end_date", "INVERTED_RANGE",
                          "must lie after start_date; it is the day after the last");
    }
  }
  if (!CutBuckets(week_start, range)) {
    return InvalidField("granularity", "TOO_MANY_BUCKETS",
                        Cat("the range has more than ", kMaxBuckets, " buckets of that length"));
  }
  return range;
}

QueryRange PreviousRange(const QueryRange& range, WeekStart week_start) {
  QueryRange previous;
  previous.granularity = range.granularity;
  previous.days.end = range.days.begin;
  if (BeginsMonth(range.days.begin) && BeginsMonth(range.days.end)) {
    const int32_t months = MonthIndex(range.days.end) - MonthIndex(range.days.begin);
    previous.days.begin = FirstDayOfMonth(MonthIndex(range.days.begin) - months);
  } else {
    previous.days.begin = range.days.begin - (range.days.end - range.days.begin);
  }
  // Of the same length, so at most one bucket more than the limit allows.
  if (!CutBuckets(week_start, previous)) previous.days.end = previous.buckets.back().end;
  return previous;
}

std::optional<DistinctPlace> DistinctPlaceOf(const DayRange& days,
                                             std::optional<Granularity> granularity,
                                             const QueryScope& scope) {
  const DayRange data = DataDays(scope);
  const WeekStart week_start = scope.calendar.week_start();
  const auto at = [&](Granularity candidate) -> std::optional<DistinctPlace> {
    const DayRange whole = BucketAround(days.begin, candidate, week_start);
    if (days.end > whole.end || !HoldsDataOf(days, whole, data)) return std::nullopt;
    return DistinctPlace{static_cast<uint16_t>(candidate), whole.begin};
  };
  if (granularity) return at(*granularity);
  if (days.begin <= data.begin && data.end <= days.end) return DistinctPlace{0, 0};
  for (const Granularity candidate : kGranularities) {
    if (const auto place = at(candidate)) return place;
  }
  return std::nullopt;
}

double YearsIn(const DayRange& days) {
  int years = 0;
  while (AddMonths(days.begin, 12 * (years + 1)) <= days.end) ++years;
  const CivilDays rest = AddMonths(days.begin, 12 * years);
  const CivilDays next = AddMonths(days.begin, 12 * (years + 1));
  return years + static_cast<double>(days.end - rest) / static_cast<double>(next - rest);
}

}  // namespace rapport::metrics

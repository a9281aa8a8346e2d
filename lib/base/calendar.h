// SPDX-License-Identifier: Apache-2.0
// Calendar buckets in a workspace's time zone.
//
// Civil dates are counted as days since 1970-01-01 in the workspace's own zone
// (CivilDays), so arithmetic on them never meets a daylight-saving jump. A bucket is
// named by the civil day it starts on. Weeks start on the workspace's week start.
//
// Thread-safe after construction. The day of a time costs a zone look-up (about 0.1 us);
// scans keep a table of days of their own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lib/base/clock.h"

namespace rapport {

using CivilDays = int32_t;  // Days since 1970-01-01, civil.

enum class Granularity : uint8_t { kDay = 1, kWeek = 2, kMonth = 3, kQuarter = 4, kYear = 5 };
enum class WeekStart : uint8_t { kMonday = 0, kSunday = 1 };

struct CivilDate {
  int year = 1970;
  int month = 1;
  int day = 1;
};

CivilDays DaysFromCivil(CivilDate date);
CivilDate CivilFromDays(CivilDays days);
// "2026-11-21".
std::string FormatDate(CivilDays days);
// InvalidArgument unless `text` is a real YYYY-MM-DD date.
absl::StatusOr<CivilDays> ParseDate(std::string_view text);
// Months since 1970-01, of the month that `days` lies in.
int32_t MonthIndex(CivilDays days);
// The first civil day of a month index.
CivilDays FirstDayOfMonth(int32_t month_index);
// Adds months, clamping the day to the month's end (31 Jan + 1 month = 28 Feb).
CivilDays AddMonths(CivilDays days, int months);
// First day of the bucket that `days` lies in / of the following bucket.
CivilDays BucketStart(CivilDays days, Granularity granularity, WeekStart week_start);
CivilDays NextBucket(CivilDays bucket_start, Granularity granularity);

// RFC 3339 in UTC with micros if present: "2026-11-21T20:46:51Z".
std::string FormatTime(TimeMicros time);
// Parses RFC 3339; InvalidArgument otherwise.
absl::StatusOr<TimeMicros> ParseTime(std::string_view text);

// A workspace's time zone, by IANA name.
class Calendar {
 public:
  // InvalidArgument with field "time_zone" for an unknown name.
  static absl::StatusOr<Calendar> Create(std::string_view time_zone, WeekStart week_start);
  static Calendar Utc();

  CivilDays DayOf(TimeMicros time) const;
  // The instant at which the civil day starts (after the gap where midnight does not exist).
  TimeMicros StartOf(CivilDays day) const;
  // 0..23.
  int HourOf(TimeMicros time) const;
  // Midnight-shifted instant for a civil date and time of day in this zone.
  TimeMicros TimeOf(CivilDate date, int hour, int minute, int second) const;
  CivilDays BucketOf(TimeMicros time, Granularity granularity) const {
    return BucketStart(DayOf(time), granularity, week_start_);
  }
  WeekStart week_start() const { return week_start_; }
  absl::TimeZone zone() const { return zone_; }

 private:
  Calendar(absl::TimeZone zone, WeekStart week_start) : zone_(zone), week_start_(week_start) {}
  absl::TimeZone zone_;
  WeekStart week_start_;
};

}  // namespace rapport

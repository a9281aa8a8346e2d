// SPDX-License-Identifier: Apache-2.0
#include "lib/base/calendar.h"

#include <algorithm>
#include <string>

#include "absl/time/civil_time.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport {
namespace {

const absl::CivilDay kEpochDay(1970, 1, 1);

absl::CivilDay ToCivilDay(CivilDays days) { return kEpochDay + days; }
CivilDays FromCivilDay(absl::CivilDay day) { return static_cast<CivilDays>(day - kEpochDay); }

// Year and month of a day, and back, by arithmetic on years that begin in March (so that
// the leap day comes last): Howard Hinnant, "chrono-compatible low-level date algorithms".
// Series and cohorts ask this per event day, where absl's civil time would cost 30 ns.
struct YearMonthDay {
  int year;
  int month;
  int day;
};

YearMonthDay Split(CivilDays days) {
  const int64_t shifted = int64_t{days} + 719'468;  // Since 0000-03-01.
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const auto of_era = static_cast<unsigned>(shifted - era * 146'097);
  const unsigned year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const unsigned day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned march_month = (5 * day_of_year + 2) / 153;
  const auto month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  const auto year = static_cast<int>(int64_t{year_of_era} + era * 400) + (month <= 2 ? 1 : 0);
  return {year, month, static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1)};
}

// The first day of a month 1..12.
CivilDays MonthStart(int year, int month) {
  const int64_t march_year = month <= 2 ? year - 1 : year;
  const int64_t era = (march_year >= 0 ? march_year : march_year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(march_year - era * 400);
  const auto march_month = static_cast<unsigned>(month > 2 ? month - 3 : month + 9);
  const unsigned day_of_year = (153 * march_month + 2) / 5;
  const unsigned of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<CivilDays>(era * 146'097 + int64_t{of_era} - 719'468);
}

CivilDays WeekBucket(CivilDays days, WeekStart week_start) {
  // 1970-01-01 was a Thursday: 3 days after Monday, 4 after Sunday.
  const int offset = week_start == WeekStart::kMonday ? 3 : 4;
  const int since_start = ((days + offset) % 7 + 7) % 7;
  return days - since_start;
}

}  // namespace

CivilDays DaysFromCivil(CivilDate date) {
  return FromCivilDay(absl::CivilDay(date.year, date.month, date.day));
}

CivilDate CivilFromDays(CivilDays days) {
  const absl::CivilDay day = ToCivilDay(days);
  return {static_cast<int>(day.year()), day.month(), day.day()};
}

std::string FormatDate(CivilDays days) { return absl::FormatCivilTime(ToCivilDay(days)); }

absl::StatusOr<CivilDays> ParseDate(std::string_view text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(ToAbsl(text), &day) ||
      absl::FormatCivilTime(day) != ToAbsl(text)) {
    return InvalidField("date", "BAD_DATE",
                        Cat("'", text, "' is not a date of the form 2026-11-21"));
  }
  return FromCivilDay(day);
}

int32_t MonthIndex(CivilDays days) {
  const YearMonthDay date = Split(days);
  return (date.year - 1970) * 12 + date.month - 1;
}

CivilDays FirstDayOfMonth(int32_t month_index) {
  const int32_t years = (month_index >= 0 ? month_index : month_index - 11) / 12;
  return MonthStart(1970 + years, month_index - years * 12 + 1);
}

CivilDays AddMonths(CivilDays days, int months) {
  const absl::CivilDay day = ToCivilDay(days);
  const absl::CivilMonth month = absl::CivilMonth(day) + months;
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  return FromCivilDay(std::min(absl::CivilDay(month) + (day.day() - 1), last));
}

CivilDays BucketStart(CivilDays days, Granularity granularity, WeekStart week_start) {
  if (granularity == Granularity::kDay) return days;
  if (granularity == Granularity::kWeek) return WeekBucket(days, week_start);
  const YearMonthDay date = Split(days);
  switch (granularity) {
    case Granularity::kMonth:
      return days - (date.day - 1);
    case Granularity::kQuarter:
      return MonthStart(date.year, (date.month - 1) / 3 * 3 + 1);
    case Granularity::kYear:
      return MonthStart(date.year, 1);
    default:
      break;
  }
  return days;
}

CivilDays NextBucket(CivilDays bucket_start, Granularity granularity) {
  switch (granularity) {
    case Granularity::kDay:
      return bucket_start + 1;
    case Granularity::kWeek:
      return bucket_start + 7;
    case Granularity::kMonth:
      return FirstDayOfMonth(MonthIndex(bucket_start) + 1);
    case Granularity::kQuarter:
      return FirstDayOfMonth(MonthIndex(bucket_start) + 3);
    case Granularity::kYear:
      return FirstDayOfMonth(MonthIndex(bucket_start) + 12);
  }
  return bucket_start + 1;
}

std::string FormatTime(TimeMicros time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(time), absl::UTCTimeZone());
}

absl::StatusOr<TimeMicros> ParseTime(std::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, &error)) {
    return InvalidField("time", "BAD_TIME",
                        Cat("'", text, "' is not an RFC 3339 time such as 2026-11-21T20:46:51Z"));
  }
  return absl::ToUnixMicros(time);
}

absl::StatusOr<Calendar> Calendar::Create(std::string_view time_zone, WeekStart week_start) {
  absl::TimeZone zone;
  if (time_zone.empty() || !absl::LoadTimeZone(ToAbsl(time_zone), &zone)) {
    return InvalidField("time_zone", "UNKNOWN_TIME_ZONE",
                        Cat("'", time_zone, "' is not an IANA time zone such as Europe/Berlin"));
  }
  return Calendar(zone, week_start);
}

Calendar Calendar::Utc() { return Calendar(absl::UTCTimeZone(), WeekStart::kMonday); }

CivilDays Calendar::DayOf(TimeMicros time) const {
  return FromCivilDay(absl::ToCivilDay(absl::FromUnixMicros(time), zone_));
}

TimeMicros Calendar::StartOf(CivilDays day) const {
  const auto info = zone_.At(absl::CivilSecond(ToCivilDay(day)));
  return absl::ToUnixMicros(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre);
}

int Calendar::HourOf(TimeMicros time) const {
  return absl::ToCivilHour(absl::FromUnixMicros(time), zone_).hour();
}

TimeMicros Calendar::TimeOf(CivilDate date, int hour, int minute, int second) const {
  return absl::ToUnixMicros(absl::FromCivil(
      absl::CivilSecond(date.year, date.month, date.day, hour, minute, second), zone_));
}

}  // namespace rapport

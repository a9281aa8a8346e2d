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
    return InvalidField("date", "BAD_DATE", Cat("'", text, "' is not a date of the form 2026-11-21"));
  }
  return FromCivilDay(day);
}

int32_t MonthIndex(CivilDays days) {
  const absl::CivilMonth month(ToCivilDay(days));
  return static_cast<int32_t>(month - absl::CivilMonth(1970, 1));
}

CivilDays FirstDayOfMonth(int32_t month_index) {
  return FromCivilDay(absl::CivilDay(absl::CivilMonth(1970, 1) + month_index));
}

CivilDays AddMonths(CivilDays days, int months) {
  const absl::CivilDay day = ToCivilDay(days);
  const absl::CivilMonth month = absl::CivilMonth(day) + months;
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  return FromCivilDay(std::min(absl::CivilDay(month) + (day.day() - 1), last));
}

CivilDays BucketStart(CivilDays days, Granularity granularity, WeekStart week_start) {
  const absl::CivilDay day = ToCivilDay(days);
  switch (granularity) {
    case Granularity::kDay:
      return days;
    case Granularity::kWeek:
      return WeekBucket(days, week_start);
    case Granularity::kMonth:
      return FromCivilDay(absl::CivilDay(absl::CivilMonth(day)));
    case Granularity::kQuarter:
      return FromCivilDay(absl::CivilDay(day.year(), (day.month() - 1) / 3 * 3 + 1, 1));
    case Granularity::kYear:
      return FromCivilDay(absl::CivilDay(absl::CivilYear(day)));
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
      return AddMonths(bucket_start, 1);
    case Granularity::kQuarter:
      return AddMonths(bucket_start, 3);
    case Granularity::kYear:
      return AddMonths(bucket_start, 12);
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

CivilDays LocalDayCache::DayOf(TimeMicros time) {
  if (time < begin_ || time >= end_) {
    day_ = calendar_.DayOf(time);
    begin_ = calendar_.StartOf(day_);
    end_ = calendar_.StartOf(day_ + 1);
  }
  return day_;
}

}  // namespace rapport

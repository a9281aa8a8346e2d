// SPDX-License-Identifier: Apache-2.0
#include "lib/cohorts/periods.h"

namespace rapport::cohorts {
namespace {

// The first week of 1970 that begins on the week start: 5 January was a Monday.
CivilDays FirstWeek(WeekStart week_start) { return week_start == WeekStart::kMonday ? 4 : 3; }

int32_t DivideDown(int32_t value, int32_t by) {
  return value >= 0 ? value / by : -((by - 1 - value) / by);
}

}  // namespace

bool IsBucket(v1::Granularity granularity) {
  return granularity >= v1::GRANULARITY_DAY && granularity <= v1::GRANULARITY_YEAR;
}

Granularity BucketOf(v1::Granularity granularity) { return static_cast<Granularity>(granularity); }

std::string_view Word(Granularity granularity) {
  switch (granularity) {
    case Granularity::kDay:
      return "day";
    case Granularity::kWeek:
      return "week";
    case Granularity::kMonth:
      return "month";
    case Granularity::kQuarter:
      return "quarter";
    case Granularity::kYear:
      return "year";
  }
  return "";
}

int32_t OrdinalOf(CivilDays day, Granularity granularity, WeekStart week_start) {
  switch (granularity) {
    case Granularity::kDay:
      return day;
    case Granularity::kWeek:
      return DivideDown(day - FirstWeek(week_start), 7);
    case Granularity::kMonth:
      return MonthIndex(day);
    case Granularity::kQuarter:
      return DivideDown(MonthIndex(day), 3);
    case Granularity::kYear:
      return DivideDown(MonthIndex(day), 12);
  }
  return 0;
}

CivilDays StartOfOrdinal(int32_t ordinal, Granularity granularity, WeekStart week_start) {
  switch (granularity) {
    case Granularity::kDay:
      return ordinal;
    case Granularity::kWeek:
      return FirstWeek(week_start) + 7 * ordinal;
    case Granularity::kMonth:
      return FirstDayOfMonth(ordinal);
    case Granularity::kQuarter:
      return FirstDayOfMonth(3 * ordinal);
    case Granularity::kYear:
      return FirstDayOfMonth(12 * ordinal);
  }
  return 0;
}

TimeMicros RollingLength(Granularity granularity) {
  switch (granularity) {
    case Granularity::kDay:
      return kMicrosPerDay;
    case Granularity::kWeek:
      return 7 * kMicrosPerDay;
    case Granularity::kMonth:
      return 30 * kMicrosPerDay;
    case Granularity::kQuarter:
      return 90 * kMicrosPerDay;
    case Granularity::kYear:
      return 365 * kMicrosPerDay;
  }
  return kMicrosPerDay;
}

}  // namespace rapport::cohorts

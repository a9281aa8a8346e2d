// SPDX-License-Identifier: Apache-2.0
// Month arithmetic against absl's civil time, over three thousand years of days.
#include "absl/time/civil_time.h"
#include "gtest/gtest.h"
#include "lib/base/calendar.h"

namespace rapport {
namespace {

CivilDays DaysOf(absl::CivilDay day) {
  return static_cast<CivilDays>(day - absl::CivilDay(1970, 1, 1));
}

TEST(CalendarProperty, MonthsQuartersAndYearsAgreeWithCivilTime) {
  const auto start_of = [](CivilDays day, Granularity granularity) {
    return BucketStart(day, granularity, WeekStart::kMonday);
  };
  for (CivilDays days = -800'000; days < 300'000; days += 7) {
    const absl::CivilDay day = absl::CivilDay(1970, 1, 1) + days;
    const absl::CivilMonth month(day);
    ASSERT_EQ(MonthIndex(days), month - absl::CivilMonth(1970, 1)) << days;
    ASSERT_EQ(FirstDayOfMonth(MonthIndex(days)), DaysOf(absl::CivilDay(month))) << days;
    ASSERT_EQ(start_of(days, Granularity::kMonth), DaysOf(absl::CivilDay(month))) << days;
    ASSERT_EQ(NextBucket(start_of(days, Granularity::kMonth), Granularity::kMonth),
              DaysOf(absl::CivilDay(month + 1)))
        << days;
    const absl::CivilMonth quarter(day.year(), (day.month() - 1) / 3 * 3 + 1);
    ASSERT_EQ(start_of(days, Granularity::kQuarter), DaysOf(absl::CivilDay(quarter))) << days;
    ASSERT_EQ(NextBucket(start_of(days, Granularity::kQuarter), Granularity::kQuarter),
              DaysOf(absl::CivilDay(quarter + 3)))
        << days;
    ASSERT_EQ(start_of(days, Granularity::kYear), DaysOf(absl::CivilDay(day.year(), 1, 1)));
  }
}

}  // namespace
}  // namespace rapport

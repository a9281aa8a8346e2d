// SPDX-License-Identifier: Apache-2.0
#include "lib/base/calendar.h"

#include "tests/support/matchers.h"

namespace rapport {
namespace {

using ::rapport::testing::FailsWith;

TEST(Calendar, CountsCivilDaysAndBuckets) {
  const CivilDays day = DaysFromCivil({2026, 11, 21});
  EXPECT_EQ(day, 20778);  // `date -ud 2026-11-21 +%s` / 86400
  EXPECT_EQ(FormatDate(day), "2026-11-21");
  EXPECT_EQ(FormatDate(BucketStart(day, Granularity::kWeek, WeekStart::kMonday)), "2026-11-16");
  EXPECT_EQ(FormatDate(BucketStart(day, Granularity::kWeek, WeekStart::kSunday)), "2026-11-15");
  EXPECT_EQ(FormatDate(BucketStart(day, Granularity::kQuarter, WeekStart::kMonday)), "2026-10-01");
  EXPECT_EQ(FormatDate(NextBucket(DaysFromCivil({2026, 10, 1}), Granularity::kQuarter)),
            "2027-01-01");
  EXPECT_EQ(FormatDate(AddMonths(DaysFromCivil({2026, 1, 31}), 1)), "2026-02-28");
  EXPECT_EQ(MonthIndex(DaysFromCivil({1970, 2, 1})), 1);
}

TEST(Calendar, DaysFollowTheZoneAcrossDaylightSaving) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(Calendar berlin,
                               Calendar::Create("Europe/Berlin", WeekStart::kMonday));
  RAPPORT_ASSERT_OK_AND_ASSIGN(TimeMicros late_evening, ParseTime("2026-03-28T23:30:00Z"));
  EXPECT_EQ(FormatDate(berlin.DayOf(late_evening)), "2026-03-29");
  // 2026-03-29 has 23 hours in Berlin.
  const CivilDays day = DaysFromCivil({2026, 3, 29});
  EXPECT_EQ(berlin.StartOf(day + 1) - berlin.StartOf(day), 23 * 3600 * kMicrosPerSecond);
}

TEST(Calendar, RefusesUnknownZonesAndDates) {
  EXPECT_THAT(Calendar::Create("Mars/Base", WeekStart::kMonday).status(),
              FailsWith("UNKNOWN_TIME_ZONE", "time_zone"));
  EXPECT_THAT(ParseDate("2026-02-30").status(), FailsWith("BAD_DATE", "date"));
}

}  // namespace
}  // namespace rapport

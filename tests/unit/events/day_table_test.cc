// SPDX-License-Identifier: Apache-2.0
#include "lib/events/day_table.h"

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/events/random_events.h"

namespace rapport::events {
namespace {

// Zones with daylight saving, changes at midnight, a skipped day (Apia 2011-12-30), odd
// offsets, and Newfoundland, whose clocks went back at one minute past midnight.
TEST(DayTable, AgreesWithTheCalendar) {
  for (const char* zone : {"UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia",
                           "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"}) {
    SCOPED_TRACE(zone);
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Calendar calendar,
                                 Calendar::Create(zone, WeekStart::kMonday));
    DayTable days(calendar);
    Random random(5);
    for (int i = 0; i < 20'000; ++i) {
      const TimeMicros time = random.Between(-3'000'000'000, 4'000'000'000) * kMicrosPerSecond +
                              random.Between(0, 999'999);
      ASSERT_EQ(days.DayOf(time), calendar.DayOf(time)) << time;
    }
    // Every quarter of an hour over the years with the strangest nights.
    for (int64_t second = 1'293'840'000; second < 1'356'998'400; second += 900) {
      const TimeMicros time = second * kMicrosPerSecond + random.Between(0, 899'999'999);
      ASSERT_EQ(days.DayOf(time), calendar.DayOf(time)) << time;
    }
  }
}

}  // namespace
}  // namespace rapport::events

// SPDX-License-Identifier: Apache-2.0
#include "lib/base/day_clock.h"

#include <random>

#include "gtest/gtest.h"

namespace rapport::facts {
namespace {

// Apia skipped 2011-12-30; Sao Paulo's clocks went forward at midnight.
constexpr const char* kZones[] = {"UTC",          "Europe/Berlin", "America/New_York",
                                  "Pacific/Apia", "Asia/Kolkata",  "America/Sao_Paulo"};

TEST(DayClockProperty, AgreesWithTheCalendarAtAnyTime) {
  for (const char* zone : kZones) {
    const Calendar calendar = Calendar::Create(zone, WeekStart::kMonday).value();
    DayClock clock(calendar);
    std::mt19937_64 random(3);
    for (int i = 0; i < 20'000; ++i) {
      const auto century = static_cast<uint64_t>(36'525 * kMicrosPerDay);
      const auto time = static_cast<TimeMicros>(random() % century) - 10'000 * kMicrosPerDay;
      ASSERT_EQ(clock.DayOf(time), calendar.DayOf(time)) << zone << " " << time;
    }
  }
}

TEST(DayClockProperty, AgreesWithTheCalendarAroundMidnight) {
  for (const char* zone : kZones) {
    const Calendar calendar = Calendar::Create(zone, WeekStart::kMonday).value();
    DayClock clock(calendar);
    for (CivilDays day = 10'000; day < 20'000; ++day) {
      for (const int shift : {-1, 0, 1}) {
        const TimeMicros time = calendar.StartOf(day) + shift;
        ASSERT_EQ(clock.DayOf(time), calendar.DayOf(time)) << zone << " " << time;
      }
    }
  }
}

}  // namespace
}  // namespace rapport::facts

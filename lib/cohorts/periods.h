// SPDX-License-Identifier: Apache-2.0
// Periods as numbers: calendar buckets counted from 1970, and lengths of rolling periods.
//
// Consecutive buckets have consecutive ordinals, so that the period since a start is a
// difference. Ordinals of days, weeks, months, quarters and years are counted apart.
// An OrdinalClock keeps the ordinals of the days it has met: about 3 ns a time; 8 kB; not
// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "lib/base/calendar.h"
#include "lib/base/day_clock.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::cohorts {

// DAY to YEAR; HOUR and UNSPECIFIED have none.
bool IsBucket(v1::Granularity granularity);
Granularity BucketOf(v1::Granularity granularity);
// "day" to "year".
std::string_view Word(Granularity granularity);

int32_t OrdinalOf(CivilDays day, Granularity granularity, WeekStart week_start);
CivilDays StartOfOrdinal(int32_t ordinal, Granularity granularity, WeekStart week_start);

// 24 h, or 7, 30, 90, 365 times as long.
TimeMicros RollingLength(Granularity granularity);

// The calendar bucket of each event of a timeline.
class OrdinalClock {
 public:
  OrdinalClock(const Calendar& calendar, Granularity granularity)
      : days_(calendar), granularity_(granularity), week_start_(calendar.week_start()) {
    known_.fill({std::numeric_limits<CivilDays>::min(), 0});
  }

  int32_t Of(TimeMicros time) {
    const CivilDays day = days_.DayOf(time);
    Known& known = known_[static_cast<uint32_t>(day) % kKnownDays];
    if (known.day != day) known = {day, OrdinalOf(day, granularity_, week_start_)};
    return known.ordinal;
  }

 private:
  static constexpr uint32_t kKnownDays = 1024;
  struct Known {
    CivilDays day = 0;
    int32_t ordinal = 0;
  };

  DayClock days_;
  Granularity granularity_;
  WeekStart week_start_;
  std::array<Known, kKnownDays> known_;  // By the day's last bits.
};

}  // namespace rapport::cohorts

// SPDX-License-Identifier: Apache-2.0
// The civil day of each event of a timeline, without a zone look-up per day: remembers the
// span in which the zone's offset from UTC stays the same (half a year in most zones,
// forever in UTC). Not thread-safe; one per timeline. About 2 ns a time within a span.
#pragma once

#include "lib/base/calendar.h"

namespace rapport {

class DayClock {
 public:
  explicit DayClock(const Calendar& calendar) : zone_(calendar.zone()) {}

  CivilDays DayOf(TimeMicros time) {
    if (time < begin_ || time >= end_) Locate(time);
    const TimeMicros local = time + offset_;
    const TimeMicros day = local / kMicrosPerDay;
    return static_cast<CivilDays>(local % kMicrosPerDay < 0 ? day - 1 : day);
  }

 private:
  void Locate(TimeMicros time);

  absl::TimeZone zone_;
  TimeMicros begin_ = 0;  // Empty span.
  TimeMicros end_ = 0;
  TimeMicros offset_ = 0;
};

}  // namespace rapport

// SPDX-License-Identifier: Apache-2.0
// Civil days of a workspace's zone for times in any order: remembers the zone's offset by
// UTC day and asks the calendar only for days on which the offset changes.
//
// Same answers as Calendar::DayOf. Not thread-safe. About 5 ns a known day.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/calendar.h"

namespace rapport::events {

class DayTable {
 public:
  explicit DayTable(const Calendar& calendar) : calendar_(calendar), entries_(kEntries) {}

  CivilDays DayOf(TimeMicros time) {
    const int64_t utc_day = FloorDivide(time, kMicrosPerDay);
    Entry& entry = entries_[static_cast<uint64_t>(utc_day) % kEntries];
    if (entry.utc_day != utc_day) entry = Make(utc_day);
    if (!entry.steady) return calendar_.DayOf(time);
    return static_cast<CivilDays>(FloorDivide(time + entry.offset, kMicrosPerDay));
  }
  const Calendar& calendar() const { return calendar_; }

 private:
  struct Entry {
    int64_t utc_day = INT64_MIN;
    TimeMicros offset = 0;
    bool steady = false;  // One offset from the UTC day's start to its end.
  };
  static constexpr size_t kEntries = 4096;  // 11 years.

  static int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
  Entry Make(int64_t utc_day) const;

  Calendar calendar_;
  std::vector<Entry> entries_;
};

}  // namespace rapport::events

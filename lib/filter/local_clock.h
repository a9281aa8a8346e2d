// SPDX-License-Identifier: Apache-2.0
// Civil days and hours of a calendar from a table of its offsets: 2 to 3 ns a look-up
// between 1950 and 2100, else the calendar's own. Immutable, thread-safe; about 10 KB.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/calendar.h"

namespace rapport::filter {

class LocalClock {
 public:
  explicit LocalClock(const Calendar& calendar);

  // 0..23.
  int HourOf(TimeMicros time) const {
    if (!Covers(time)) return calendar_.HourOf(time);
    return static_cast<int>(LocalSeconds(time) % kDay / 3600);
  }
  CivilDays DayOf(TimeMicros time) const {
    if (!Covers(time)) return calendar_.DayOf(time);
    return static_cast<CivilDays>(LocalSeconds(time) / kDay) + kFirstDay;
  }

 private:
  struct Span {
    uint64_t begin = 0;   // Seconds since kFirst.
    uint64_t offset = 0;  // Local less UTC, seconds, plus a day.
  };
  static constexpr uint64_t kDay = 86'400;
  static constexpr int64_t kFirst = -631'152'000;  // 1950-01-01.
  static constexpr int64_t kLast = 4'102'444'800;  // 2100-01-01, exclusive.
  static constexpr CivilDays kFirstDay = -7'306;   // 1949-12-31, before kFirst in any zone.
  static constexpr int kChunkBits = 22;            // 48 days.

  static bool Covers(TimeMicros time) {
    return time >= kFirst * kMicrosPerSecond && time < kLast * kMicrosPerSecond;
  }
  // Since the beginning of kFirstDay, by the clock on the wall.
  uint64_t LocalSeconds(TimeMicros time) const {
    const uint64_t seconds =
        static_cast<uint64_t>(time - kFirst * kMicrosPerSecond) / uint64_t{kMicrosPerSecond};
    size_t at = chunks_[seconds >> kChunkBits];
    while (at + 1 < spans_.size() && spans_[at + 1].begin <= seconds) ++at;
    return seconds + spans_[at].offset;
  }

  Calendar calendar_;
  std::vector<Span> spans_;       // By rising begin; the first covers kFirst.
  std::vector<uint16_t> chunks_;  // The span in which each chunk begins.
};

}  // namespace rapport::filter

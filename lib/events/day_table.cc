// SPDX-License-Identifier: Apache-2.0
#include "lib/events/day_table.h"

namespace rapport::events {

DayTable::Entry DayTable::Make(int64_t utc_day) const {
  const absl::Time begin = absl::FromUnixMicros(utc_day * kMicrosPerDay);
  const absl::Time end = begin + absl::Hours(24);
  const absl::TimeZone zone = calendar_.zone();
  absl::TimeZone::CivilTransition transition;
  // NextTransition looks strictly after its argument.
  const bool changes = zone.NextTransition(begin - absl::Seconds(1), &transition) &&
                       absl::FromCivil(transition.from, zone) < end + absl::Hours(24);
  const int offset = zone.At(begin).offset;
  const bool same = zone.At(end - absl::Nanoseconds(1)).offset == offset;
  return {utc_day, offset * kMicrosPerSecond, same && !changes};
}

}  // namespace rapport::events

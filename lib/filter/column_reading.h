// SPDX-License-Identifier: Apache-2.0
// The whole number that a ColumnReading takes from an event. Pure.
#pragma once

#include <cstdint>

#include "lib/base/event_columns.h"
#include "lib/filter/catalogue.h"

namespace rapport::filter {

// `clock` has HourOf(time) and DayOf(time): Calendar, or LocalClock for scans.
template <typename Clock>
int64_t WholeOf(ColumnPart part, const EventColumns& event, const Clock& clock) {
  switch (part) {
    case ColumnPart::kTime:
      return event.time;
    case ColumnPart::kValue:
      return event.value;
    case ColumnPart::kAux:
      return event.aux;
    case ColumnPart::kAuxThousands:
      return event.aux / 1000;
    case ColumnPart::kAuxRest:
      return event.aux % 1000;
    case ColumnPart::kTouchpoint:
      return event.touchpoint_no;
    case ColumnPart::kCampaign:
      return event.campaign_no;
    case ColumnPart::kType:
      return event.type;
    case ColumnPart::kCurrency:
      return event.currency;
    case ColumnPart::kChannel:
      return event.channel;
    case ColumnPart::kHour:
      return clock.HourOf(event.time);
    case ColumnPart::kWeekday:
      // 1970-01-01 was a Thursday; the multiple of 7 makes all days positive.
      return static_cast<int64_t>(
          static_cast<uint64_t>(int64_t{clock.DayOf(event.time)} + 7'000'000'003) % 7);
  }
  return 0;
}

inline bool PassesGuard(ColumnGuard guard, const EventColumns& event, int64_t whole) {
  switch (guard) {
    case ColumnGuard::kNone:
      return true;
    case ColumnGuard::kPositive:
      return whole > 0;
    case ColumnGuard::kHasCurrency:
      return event.currency != 0;
  }
  return true;
}

}  // namespace rapport::filter

// SPDX-License-Identifier: Apache-2.0
// One event's columns as analyses read them: plain numbers, no strings. What `value` and
// `aux` mean by type is listed in lib/events/row.h, which has the same columns with the
// customer's number.
#pragma once

#include <cstdint>

#include "lib/base/clock.h"

namespace rapport {

struct EventColumns {
  TimeMicros time = 0;
  int64_t value = 0;
  int64_t aux = 0;
  uint32_t touchpoint_no = 0;  // 0 = none
  uint32_t campaign_no = 0;    // 0 = none
  uint16_t type = 0;           // v1.EventType; custom types above 1000.
  uint16_t currency = 0;       // lib/base/money.h PackCurrency; 0 = none
  uint8_t channel = 0;         // v1.Channel

  friend bool operator==(const EventColumns&, const EventColumns&) = default;
};

}  // namespace rapport

// SPDX-License-Identifier: Apache-2.0
// Events by hand for tests of the facts.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "lib/facts/facts.h"
#include "lib/facts/reports.h"
#include "lib/lifecycle/stage.h"
#include "rapport/v1/event.pb.h"

namespace rapport::facts {

// "2024-03-01" at noon UTC, or a full RFC 3339 time.
inline TimeMicros At(std::string_view time) {
  if (time.size() > 10) return ParseTime(time).value();
  return int64_t{ParseDate(time).value()} * kMicrosPerDay + kMicrosPerDay / 2;
}
inline CivilDays Day(std::string_view date) { return ParseDate(date).value(); }
inline CurrencyCode Euro() { return PackCurrency("EUR").value(); }

inline EventColumns Event(std::string_view time, v1::EventType type, int64_t value = 0,
                          int64_t aux = 0) {
  EventColumns event;
  event.time = At(time);
  event.type = static_cast<uint16_t>(type);
  event.value = value;
  event.aux = aux;
  return event;
}
// Amounts in whole units of EUR.
inline EventColumns Order(std::string_view time, int64_t units) {
  EventColumns event = Event(time, v1::EVENT_TYPE_ORDER_PLACED, units * kMicrosPerUnit, 1000);
  event.currency = Euro();
  return event;
}
inline EventColumns Refund(std::string_view time, int64_t units) {
  EventColumns event = Event(time, v1::EVENT_TYPE_ORDER_REFUNDED, units * kMicrosPerUnit);
  event.currency = Euro();
  return event;
}
inline EventColumns Nps(std::string_view time, int64_t score) {
  return Event(time, v1::EVENT_TYPE_NPS_ANSWERED, score, 10);
}

inline Settings EuroSettings() { return SettingsOf(v1::Workspace()).value(); }

using Timeline = std::vector<EventColumns>;

inline Timeline Sorted(Timeline events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const EventColumns& a, const EventColumns& b) { return a.time < b.time; });
  return events;
}

}  // namespace rapport::facts

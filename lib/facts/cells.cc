// SPDX-License-Identifier: Apache-2.0
#include "lib/base/day_clock.h"
#include "lib/base/score_bucket.h"
#include "lib/facts/facts.h"

namespace rapport::facts {

void AddEventCells(const Settings& settings, std::span<const EventColumns> events, TimeMicros as_of,
                   metrics::CellSums& cells) {
  DayClock days(settings.calendar);
  metrics::CellKey key;
  key.family = metrics::SeriesFamily::kEvents;
  for (const EventColumns& event : events) {
    if (event.time > as_of) break;
    key.type = event.type;
    key.day = days.DayOf(event.time);
    key.channel = event.channel;
    key.touchpoint_no = event.touchpoint_no;
    key.campaign_no = event.campaign_no;
    key.currency = event.currency;
    key.bucket = ScoreBucket(event.type, event.value, event.aux);
    cells.Add(key,
              {1, SummedValue(event.type, event.value), SummedSquare(event.type, event.value)});
  }
}

}  // namespace rapport::facts

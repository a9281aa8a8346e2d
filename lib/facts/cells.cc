// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>

#include "lib/base/score_bucket.h"
#include "lib/facts/day_clock.h"
#include "lib/facts/facts.h"
#include "lib/facts/wire.h"
#include "lib/lifecycle/growth.h"

namespace rapport::facts {
namespace {

using metrics::Cell;
using metrics::CellKey;
using metrics::CellSums;
using metrics::SeriesFamily;

constexpr Granularity kGranularities[] = {Granularity::kDay, Granularity::kWeek,
                                          Granularity::kMonth, Granularity::kQuarter,
                                          Granularity::kYear};

CellKey KeyOf(SeriesFamily family, CivilDays day, int bucket) {
  CellKey key;
  key.family = family;
  key.day = day;
  key.bucket = static_cast<uint16_t>(bucket);
  return key;
}

void AddActive(const Settings& settings, const Fold& fold, CivilDays as_of_day, CellSums& cells) {
  bool any = false;
  for (const Granularity granularity : kGranularities) {
    lifecycle::GrowthWalk walk(granularity, settings.calendar.week_start());
    const int code = static_cast<int>(granularity);
    const auto visit = [&](CivilDays bucket, lifecycle::Presence presence) {
      cells.Add(KeyOf(SeriesFamily::kActive, bucket, 10 * code + static_cast<int>(presence)),
                {1, 0, 0});
      if (presence == lifecycle::Presence::kDormant) return;
      cells.Add(KeyOf(SeriesFamily::kActive, bucket, code), {1, 0, 0});
      any = true;
    };
    ForEachDay(fold.active_days(), as_of_day, [&](int, CivilDays day) { walk.Add(day, visit); });
    walk.Finish(as_of_day, visit);
  }
  if (any) cells.Add(KeyOf(SeriesFamily::kActive, 0, 0), {1, 0, 0});
}

// Counts the orders of one customer in the bucket it is in.
class PurchaserWalk {
 public:
  PurchaserWalk(Granularity granularity, WeekStart week_start, CellSums& cells)
      : granularity_(granularity), week_start_(week_start), cells_(cells) {}
  void Add(CivilDays day, int64_t orders) {
    if (orders_ == 0 || day >= end_) {
      Close();
      bucket_ = BucketStart(day, granularity_, week_start_);
      end_ = NextBucket(bucket_, granularity_);
    }
    orders_ += orders;
  }
  void Close() {
    if (orders_ == 0) return;
    cells_.Add(KeyOf(SeriesFamily::kPurchasers, bucket_, static_cast<int>(granularity_)),
               {1, orders_ >= 2 ? 1 : 0, 0});
    orders_ = 0;
  }

 private:
  Granularity granularity_;
  WeekStart week_start_;
  CellSums& cells_;
  int64_t orders_ = 0;
  CivilDays bucket_ = 0, end_ = 0;
};

void AddPurchasers(const Settings& settings, const Fold& fold, CivilDays as_of_day,
                   CellSums& cells) {
  int64_t all_orders = 0;
  for (const Granularity granularity : kGranularities) {
    PurchaserWalk walk(granularity, settings.calendar.week_start(), cells);
    all_orders = 0;
    ForEachDay(fold.order_days(), as_of_day, [&](int i, CivilDays day) {
      walk.Add(day, fold.order_counts(i));
      all_orders += fold.order_counts(i);
    });
    walk.Close();
  }
  if (all_orders == 0) return;
  cells.Add(KeyOf(SeriesFamily::kPurchasers, 0, 0), {1, all_orders >= 2 ? 1 : 0, 0});
}

void AddMembers(const Fold& fold, CivilDays as_of_day, CellSums& cells) {
  ForEachDay(fold.membership_days(), as_of_day, [&](int i, CivilDays day) {
    const int bucket = i == 0 ? 1 : (i % 2 == 0 ? 2 : 3);
    cells.Add(KeyOf(SeriesFamily::kMembers, day, bucket), {1, 0, 0});
  });
}

}  // namespace

void AddEventCells(const Settings& settings, std::span<const EventColumns> events, TimeMicros as_of,
                   CellSums& cells) {
  DayClock days(settings.calendar);
  CellKey key;
  key.family = SeriesFamily::kEvents;
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

void AddFoldCells(const Settings& settings, const Fold& fold, TimeMicros as_of, CellSums& cells) {
  const CivilDays as_of_day = settings.calendar.DayOf(as_of);
  AddActive(settings, fold, as_of_day, cells);
  AddPurchasers(settings, fold, as_of_day, cells);
  AddMembers(fold, as_of_day, cells);
}

}  // namespace rapport::facts

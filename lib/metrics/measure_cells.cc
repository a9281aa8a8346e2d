// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/measure_cells.h"

#include <algorithm>
#include <limits>

namespace rapport::metrics {
namespace {

constexpr Granularity kGranularities[] = {Granularity::kDay, Granularity::kWeek,
                                          Granularity::kMonth, Granularity::kQuarter,
                                          Granularity::kYear};

// Buckets up to as_of's for which engagement is kept: enough for a chart of each kind.
int KeptBuckets(Granularity granularity) {
  switch (granularity) {
    case Granularity::kDay:
      return 62;
    case Granularity::kWeek:
      return 60;
    case Granularity::kMonth:
      return 36;
    case Granularity::kQuarter:
      return 24;
    case Granularity::kYear:
      break;
  }
  return 12;
}

}  // namespace

void MeasureSums::Add(const MeasureKey& key, const Sums& sums, int sign) {
  if (sign > 0) {
    sums_[key].Add(sums);
  } else {
    sums_[key].Subtract(sums);
  }
}

void MeasureSums::Add(const MeasureKey& key, const Observation& observation, int sign) {
  if (sign > 0) return sums_[key].Add(observation);
  Sums one;
  one.Add(observation);
  sums_[key].Subtract(one);
}

void MeasureSums::Merge(const MeasureSums& other) {
  for (const auto& [key, sums] : other.sums_) sums_[key].Add(sums);
}

std::vector<std::pair<MeasureKey, const Sums*>> MeasureSums::Sorted() const {
  std::vector<std::pair<MeasureKey, const Sums*>> sorted;
  for (const auto& [key, sums] : sums_) {
    if (!sums.IsZero()) sorted.emplace_back(key, &sums);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return sorted;
}

bool HasMeasureCells(const CompiledMetric& metric) {
  return !IsAdditive(metric.kind()) && metric.shape() != Shape::kFacts && !metric.reads_customer();
}

bool KeepsEngagement(Granularity granularity, CivilDays bucket, CivilDays as_of_day) {
  constexpr int kDays[] = {1, 7, 31, 92, 366};
  const int length = kDays[static_cast<int>(granularity) - 1];
  return bucket <= as_of_day && as_of_day - bucket < KeptBuckets(granularity) * length;
}

// Whole buckets from the first to the last day asked for so far.
class MeasureCells::CalendarRow {
 public:
  CalendarRow(Granularity granularity, const Calendar& calendar)
      : granularity_(granularity), calendar_(calendar) {}

  std::span<const TimeWindow> Covering(CivilDays first, CivilDays last) {
    if (windows_.empty() || first < windows_.front().first_day || last >= windows_.back().end_day) {
      Extend(first, last);
    }
    const auto begin = std::upper_bound(
        windows_.begin(), windows_.end(), first,
        [](CivilDays day, const TimeWindow& window) { return day < window.end_day; });
    const auto end = std::lower_bound(
        begin, windows_.end(), last,
        [](const TimeWindow& window, CivilDays day) { return window.first_day <= day; });
    return std::span(windows_).subspan(static_cast<size_t>(begin - windows_.begin()),
                                       static_cast<size_t>(end - begin));
  }

 private:
  void Extend(CivilDays first, CivilDays last) {
    if (!windows_.empty()) {
      first = std::min(first, windows_.front().first_day);
      last = std::max(last, windows_.back().end_day - 1);
    }
    windows_.clear();
    TimeWindow window = CalendarWindow(first, granularity_, calendar_);
    windows_.push_back(window);
    while (windows_.back().end_day <= last) {
      const TimeWindow& before = windows_.back();
      const CivilDays end = NextBucket(before.end_day, granularity_);
      windows_.push_back({before.end_day, end, before.end, calendar_.StartOf(end)});
    }
  }

  Granularity granularity_;
  Calendar calendar_;
  std::vector<TimeWindow> windows_;
};

MeasureCells::MeasureCells(const CompiledMetric& metric)
    : metric_(metric), measure_(Measure::Create(metric, nullptr)), days_(metric.scope().calendar) {
  for (const Granularity granularity : kGranularities) {
    rows_[static_cast<size_t>(granularity) - 1] =
        std::make_unique<CalendarRow>(granularity, metric.scope().calendar);
  }
}

MeasureCells::~MeasureCells() = default;

void MeasureCells::Customer(const CustomerInput& input, int sign, MeasureSums& sums) {
  if (!measure_->Read(input)) return;
  if (IsDated(metric_.kind())) return Dated(input, sign, sums);
  if (!IsLevel(metric_.kind())) return Windowed(input, sign, sums);
  Steps(sign, sums);
  if (metric_.shape() == Shape::kRecurring) Moves(sign, sums);
}

void MeasureCells::Dated(const CustomerInput& input, int sign, MeasureSums& sums) {
  measure_->ForEachDated([&](size_t event, const Observation& observation) {
    const EventColumns& columns = input.events[event];
    sums.Add({.granularity = MeasureKey::kDated,
              .day = days_.DayOf(columns.time),
              .channel = columns.channel,
              .touchpoint_no = columns.touchpoint_no,
              .campaign_no = columns.campaign_no},
             observation, sign);
  });
}

void MeasureCells::Steps(int sign, MeasureSums& sums) {
  measure_->ForEachStep([&](TimeMicros time, const Observation& observation) {
    sums.Add({.granularity = MeasureKey::kDated,
              .day = days_.DayOf(time),
              .channel = 0,
              .touchpoint_no = 0,
              .campaign_no = 0},
             observation, sign);
  });
}

// What happened between a bucket's ends, in buckets with a step only: the level at their
// start follows from the steps.
void MeasureCells::Moves(int sign, MeasureSums& sums) {
  for (const Granularity granularity : kGranularities) {
    CalendarRow& row = *rows_[static_cast<size_t>(granularity) - 1];
    CivilDays done = std::numeric_limits<CivilDays>::min();
    measure_->ForEachStep([&](TimeMicros time, const Observation&) {
      const CivilDays day = days_.DayOf(time);
      if (day < done) return;
      const auto windows = row.Covering(day, day);
      done = windows.front().end_day;
      measure_->ForEachWindow(windows, nullptr, [&](size_t, const GroupKey*, Observation moves) {
        moves.recurring->start = {};
        sums.Add({.granularity = static_cast<uint8_t>(granularity),
                  .day = windows.front().first_day,
                  .channel = 0,
                  .touchpoint_no = 0,
                  .campaign_no = 0},
                 moves, sign);
      });
    });
  }
  const TimeWindow all_time{0, 0, std::numeric_limits<TimeMicros>::min(),
                            std::numeric_limits<TimeMicros>::max()};
  measure_->ForEachWindow(std::span(&all_time, 1), nullptr,
                          [&](size_t, const GroupKey*, const Observation& observation) {
                            MeasureKey key;
                            key.granularity = MeasureKey::kAllTime;
                            sums.Add(key, observation, sign);
                          });
}

void MeasureCells::Windowed(const CustomerInput& input, int sign, MeasureSums& sums) {
  if (input.events.empty()) return;
  const bool engaged = metric_.shape() == Shape::kEngaged;
  const CivilDays as_of_day = metric_.scope().as_of_day();
  const CivilDays first = days_.DayOf(input.events.front().time);
  const CivilDays last = engaged ? as_of_day : days_.DayOf(input.events.back().time);
  for (const Granularity granularity : kGranularities) {
    if (last < first) break;
    const auto windows = rows_[static_cast<size_t>(granularity) - 1]->Covering(first, last);
    size_t skip = 0;
    while (engaged && skip < windows.size() &&
           !KeepsEngagement(granularity, windows[skip].first_day, as_of_day)) {
      ++skip;
    }
    const auto kept = windows.subspan(skip);
    measure_->ForEachWindow(kept, nullptr,
                            [&](size_t window, const GroupKey*, const Observation& observation) {
                              sums.Add({.granularity = static_cast<uint8_t>(granularity),
                                        .day = kept[window].first_day,
                                        .channel = 0,
                                        .touchpoint_no = 0,
                                        .campaign_no = 0},
                                       observation, sign);
                            });
  }
  if (engaged) return;
  const TimeWindow all_time{0, 0, std::numeric_limits<TimeMicros>::min(),
                            std::numeric_limits<TimeMicros>::max()};
  measure_->ForEachWindow(std::span(&all_time, 1), nullptr,
                          [&](size_t, const GroupKey*, const Observation& observation) {
                            MeasureKey key;
                            key.granularity = MeasureKey::kAllTime;
                            sums.Add(key, observation, sign);
                          });
}

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/measure_cells.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

constexpr Granularity kGranularities[] = {Granularity::kDay, Granularity::kWeek,
                                          Granularity::kMonth, Granularity::kQuarter,
                                          Granularity::kYear};

// Rows hold 4 bytes a day: these bounds keep the worst case at 16 MB a metric.
constexpr size_t kMostRows = 512;
constexpr int64_t kMostDaysFromAnchor = 4096;

filter::StandardTypes SubscriptionTypes() {
  filter::StandardTypes types;
  for (int type = v1::EVENT_TYPE_SUBSCRIPTION_STARTED;
       type <= v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED; ++type) {
    types.Add(static_cast<uint16_t>(type));
  }
  return types;
}

// Types of events that let a customer add something; all where silence or no event counts.
filter::StandardTypes WantedBy(const CompiledMetric& metric) {
  unsigned roles = kNumerator | kDenominator | kSubtracted;
  switch (metric.shape()) {
    case Shape::kPairs:
      roles = kDenominator;
      break;
    case Shape::kSessions:
      roles = kNumerator;
      break;
    case Shape::kDistinct:
      break;
    case Shape::kRecurring:
      return SubscriptionTypes();
    default:
      return filter::StandardTypes::All();
  }
  filter::StandardTypes wanted;
  for (uint16_t type = 0; type < filter::StandardTypes::kCount; ++type) {
    if ((metric.RolesOf(type) & roles) != 0) wanted.Add(type);
  }
  wanted.Add(filter::kFirstCustomType);
  return wanted;
}

void AddTo(Sums& sums, const Observation& observation, int sign) {
  if (sign > 0) return sums.Add(observation);
  Sums one;
  one.Add(observation);
  sums.Subtract(one);
}

// Buckets up to as_of's for which engagement is kept: enough for a chart of each kind.
int KeptBuckets(Granularity granularity) {
  switch (granularity) {
    case Granularity::kDay:
      return 31;
    case Granularity::kWeek:
      return 27;
    case Granularity::kMonth:
      return 25;
    case Granularity::kQuarter:
      return 9;
    case Granularity::kYear:
      break;
  }
  return 6;
}

}  // namespace

MeasureSums::Row& MeasureSums::NewRow(const Packed& group, int32_t day) {
  places_.emplace(group, static_cast<uint32_t>(rows_.size()));
  return rows_.emplace_back(Row{.anchor = day, .first = day, .numbers = {}});
}

MeasureSums::Row* MeasureSums::RowOf(const MeasureKey& key) {
  const Packed group{uint64_t{key.channel} << 8 | key.granularity,
                     uint64_t{key.touchpoint_no} << 32 | key.campaign_no};
  if (last_row_ == nullptr || !(last_group_ == group)) {
    const auto known = places_.find(group);
    if (known == places_.end() && rows_.size() == kMostRows) return nullptr;
    last_group_ = group;
    last_row_ = known == places_.end() ? &NewRow(group, key.day) : &rows_[known->second];
  }
  const int64_t away = std::abs(int64_t{key.day} - last_row_->anchor);
  return away < kMostDaysFromAnchor ? last_row_ : nullptr;
}

uint32_t& MeasureSums::NumberOf(const MeasureKey& key) {
  Row* row = RowOf(key);
  if (row == nullptr) {
    const uint64_t place = uint64_t{static_cast<uint32_t>(key.day)} << 32 |
                           uint64_t{key.channel} << 8 | key.granularity;
    return numbers_[{place, uint64_t{key.touchpoint_no} << 32 | key.campaign_no}];
  }
  if (key.day < row->first) {
    row->numbers.insert(row->numbers.begin(), static_cast<size_t>(row->first - key.day), 0);
    row->first = key.day;
  }
  const auto place = static_cast<size_t>(key.day - row->first);
  if (place >= row->numbers.size()) row->numbers.resize(place + 1);
  return row->numbers[place];
}

Sums& MeasureSums::At(const MeasureKey& key) {
  uint32_t& number = NumberOf(key);
  if (number == 0) {
    cells_.emplace_back(key, Sums());
    number = static_cast<uint32_t>(cells_.size());
  }
  return cells_[number - 1].second;
}

void MeasureSums::Add(const MeasureKey& key, const Sums& sums, int sign) {
  if (sign > 0) {
    At(key).Add(sums);
  } else {
    At(key).Subtract(sums);
  }
}

void MeasureSums::Add(const MeasureKey& key, const Observation& observation, int sign) {
  AddTo(At(key), observation, sign);
}

void MeasureSums::Merge(const MeasureSums& other) {
  for (const auto& [key, sums] : other.cells_) At(key).Add(sums);
}

std::vector<std::pair<MeasureKey, const Sums*>> MeasureSums::Sorted() const {
  std::vector<std::pair<MeasureKey, const Sums*>> sorted;
  for (const auto& [key, sums] : cells_) {
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
    : metric_(metric),
      measure_(Measure::Create(metric, nullptr)),
      wanted_(WantedBy(metric)),
      days_(metric.scope().calendar) {
  for (const Granularity granularity : kGranularities) {
    rows_[static_cast<size_t>(granularity) - 1] =
        std::make_unique<CalendarRow>(granularity, metric.scope().calendar);
  }
}

MeasureCells::~MeasureCells() = default;

void MeasureCells::Customer(const CustomerInput& input, int sign, MeasureSums& sums) {
  if (input.types != nullptr && !wanted_.Meets(*input.types)) return;
  if (!measure_->Read(input)) return;
  if (IsDated(metric_.kind())) return Dated(input, sign, sums);
  if (!IsLevel(metric_.kind())) return Windowed(input, sign, sums);
  Steps(sign, sums);
  if (metric_.shape() == Shape::kRecurring) Moves(sign, sums);
}

// Cells lie far apart: all of a customer's are fetched before the first is added to.
void MeasureCells::Dated(const CustomerInput& input, int sign, MeasureSums& sums) {
  found_.clear();
  measure_->ForEachDated([&](size_t event, const Observation& observation) {
    const EventColumns& columns = input.events[event];
    Sums& cell = sums.At({.granularity = MeasureKey::kDated,
                          .day = days_.DayOf(columns.time),
                          .channel = columns.channel,
                          .touchpoint_no = columns.touchpoint_no,
                          .campaign_no = columns.campaign_no});
    __builtin_prefetch(&cell, 1);
    found_.emplace_back(&cell, observation);
  });
  for (const auto& [cell, observation] : found_) AddTo(*cell, observation, sign);
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
        RecurringSums of_bucket = *moves.recurring;
        of_bucket.start = {};
        moves.recurring = &of_bucket;
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

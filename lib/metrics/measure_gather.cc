// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <tuple>

#include "lib/metrics/measure_cells.h"

namespace rapport::metrics {
namespace {

constexpr CivilDays kFirstDay = std::numeric_limits<CivilDays>::min();

EventColumns EventOf(const MeasureKey& key) {
  EventColumns event;
  event.channel = key.channel;
  event.touchpoint_no = key.touchpoint_no;
  event.campaign_no = key.campaign_no;
  return event;
}

void Join(std::vector<MeasureRead>& reads) {
  std::sort(reads.begin(), reads.end(), [](const MeasureRead& a, const MeasureRead& b) {
    return std::tie(a.granularity, a.begin) < std::tie(b.granularity, b.begin);
  });
  std::vector<MeasureRead> joined;
  for (const MeasureRead& read : reads) {
    if (joined.empty() || joined.back().granularity != read.granularity ||
        read.begin > joined.back().end) {
      joined.push_back(read);
    } else {
      joined.back().end = std::max(joined.back().end, read.end);
    }
  }
  reads = std::move(joined);
}

}  // namespace

MeasureGather::MeasureGather(const PreparedQuery& query) : query_(query), table_(query.slots()) {
  for (const Windows& windows : query.ranges()) {
    changes_.emplace_back(windows.points().size() + 1);
  }
  const Shape shape = query.metric().shape();
  if (IsDated(query.definition().kind()) || shape == Shape::kMembers) return;
  for (size_t range = 0; range < query.ranges().size(); ++range) {
    const auto windows = query.SlotWindows(range);
    const size_t points = query.ranges()[range].points().size();
    for (size_t i = 0; i < windows.size(); ++i) {
      const auto granularity = i < points ? query.ranges()[range].granularity() : std::nullopt;
      const auto place =
          KeptPlaceOf(windows[i].first_day, windows[i].end_day, granularity, query.scope());
      if (place) places_.push_back({place->granularity, place->day, query.first_slot(range) + i});
    }
  }
  std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
    return std::tie(a.granularity, a.day, a.slot) < std::tie(b.granularity, b.day, b.slot);
  });
}

std::vector<MeasureRead> MeasureGather::Reads() const {
  std::vector<MeasureRead> reads;
  const bool level = IsLevel(query_.definition().kind());
  if (level || IsDated(query_.definition().kind())) {
    for (const Windows& windows : query_.ranges()) {
      reads.push_back({MeasureKey::kDated, level ? kFirstDay : windows.base().front().first_day,
                       windows.base().back().end_day});
    }
  }
  for (const Place& place : places_) {
    reads.push_back({place.granularity, place.day, place.day + 1});
  }
  Join(reads);
  return reads;
}

void MeasureGather::Add(const MeasureKey& key, const Sums& sums) {
  if (key.granularity == MeasureKey::kDated) {
    return IsLevel(query_.definition().kind()) ? AddStep(key, sums) : AddDated(key, sums);
  }
  const auto found = std::lower_bound(
      places_.begin(), places_.end(), key, [](const Place& place, const MeasureKey& wanted) {
        return std::tie(place.granularity, place.day) < std::tie(wanted.granularity, wanted.day);
      });
  for (auto at = found;
       at != places_.end() && at->granularity == key.granularity && at->day == key.day; ++at) {
    table_.Total(at->slot).Add(sums);
  }
}

void MeasureGather::AddDated(const MeasureKey& key, const Sums& sums) {
  const EventColumns event = EventOf(key);
  if (!query_.filter().empty() && !query_.filter().MatchesColumns(event, {})) return;
  for (size_t range = 0; range < query_.ranges().size(); ++range) {
    const auto base = query_.ranges()[range].base();
    const auto after = std::upper_bound(
        base.begin(), base.end(), key.day,
        [](CivilDays day, const TimeWindow& window) { return day < window.first_day; });
    if (after == base.begin() || key.day >= (after - 1)->end_day) continue;
    const size_t slot = query_.first_slot(range) + static_cast<size_t>(after - base.begin()) - 1;
    table_.Total(slot).Add(sums);
    if (query_.grouping().empty()) continue;
    GroupKey group{};
    query_.grouping().SetEvent(event, group);
    if (Sums* of_group = table_.Group(group, slot)) of_group->Add(sums);
  }
}

// A step changes the level at the start of every later window; of members it is also what
// happened in its own.
void MeasureGather::AddStep(const MeasureKey& key, const Sums& sums) {
  if (key.day > query_.scope().as_of_day()) return;
  const bool members = query_.metric().shape() == Shape::kMembers;
  Observation level;
  RecurringSums recurring;
  if (members) {
    level.members.emplace().at_start = sums.parts().members.at_end();
  } else {
    recurring.start = sums.parts().recurring.start;
    level.recurring = &recurring;
  }
  for (size_t range = 0; range < query_.ranges().size(); ++range) {
    const auto slots = query_.SlotWindows(range);
    const auto points = slots.first(query_.ranges()[range].points().size());
    const auto later = std::upper_bound(
        points.begin(), points.end(), key.day,
        [](CivilDays day, const TimeWindow& window) { return day < window.first_day; });
    const auto own = std::upper_bound(
        points.begin(), later, key.day,
        [](CivilDays day, const TimeWindow& window) { return day < window.end_day; });
    changes_[range][static_cast<size_t>(later - points.begin())].Add(level);
    for (auto at = own; members && at != later; ++at) {
      table_.Total(query_.first_slot(range) + static_cast<size_t>(at - points.begin())).Add(sums);
    }
    if (slots.size() == points.size() || key.day >= slots.back().end_day) continue;
    Sums& whole = table_.Total(query_.first_slot(range) + points.size());
    if (key.day < slots.back().first_day) {
      whole.Add(level);
    } else if (members) {
      whole.Add(sums);
    }
  }
}

const SumTable& MeasureGather::Finish() {
  if (!IsLevel(query_.definition().kind())) return table_;
  for (size_t range = 0; range < changes_.size(); ++range) {
    Sums level;
    for (size_t i = 0; i + 1 < changes_[range].size(); ++i) {
      level.Add(changes_[range][i]);
      table_.Total(query_.first_slot(range) + i).Add(level);
    }
    changes_[range].clear();
  }
  return table_;
}

}  // namespace rapport::metrics

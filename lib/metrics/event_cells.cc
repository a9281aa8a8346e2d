// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/event_cells.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "lib/metrics/measure.h"
#include "rapport/v1/customer.pb.h"

namespace rapport::metrics {
namespace {

// The bucket of windows that holds a day; windows are whole days.
size_t BaseOfDay(std::span<const TimeWindow> base, CivilDays day) {
  const auto after = std::upper_bound(
      base.begin(), base.end(), day,
      [](CivilDays at, const TimeWindow& window) { return at < window.first_day; });
  if (after == base.begin() || day >= (after - 1)->end_day) return base.size();
  return static_cast<size_t>(after - base.begin()) - 1;
}

// What the event of a cell looked like, as far as the cell knows.
EventColumns EventOf(const CellKey& key) {
  EventColumns event;
  event.type = key.type;
  event.channel = key.channel;
  event.touchpoint_no = key.touchpoint_no;
  event.campaign_no = key.campaign_no;
  event.currency = key.currency;
  event.value = key.bucket % 256;
  event.aux = key.bucket < 256 ? 10 : key.bucket / 256;
  return event;
}

}  // namespace

void EventCellTable::Add(const CellKey& key, const Cell& cell) {
  if (key.family == SeriesFamily::kEvents) unsorted_.push_back({key, cell});
}

void EventCellTable::Seal() {
  std::sort(unsorted_.begin(), unsorted_.end(), [](const Row& a, const Row& b) {
    return std::tie(a.key.type, a.key.day, a.key) < std::tie(b.key.type, b.key.day, b.key);
  });
  for (const Row& row : unsorted_) {
    if (types_.empty() || types_.back() != row.key.type) {
      types_.push_back(row.key.type);
      begins_.push_back(days_.size());
    }
    days_.push_back(row.key.day);
    channels_.push_back(row.key.channel);
    touchpoints_.push_back(row.key.touchpoint_no);
    campaigns_.push_back(row.key.campaign_no);
    currencies_.push_back(row.key.currency);
    buckets_.push_back(row.key.bucket);
    cells_.push_back(row.cell);
  }
  begins_.push_back(days_.size());
  unsorted_ = {};
}

std::pair<size_t, size_t> EventCellTable::PlacesOf(uint16_t type) const {
  const auto found = std::lower_bound(types_.begin(), types_.end(), type);
  if (found == types_.end() || *found != type) return {0, 0};
  const auto at = static_cast<size_t>(found - types_.begin());
  return {begins_[at], begins_[at + 1]};
}

void EventCellTable::Visit(uint16_t type, CivilDays begin, CivilDays end,
                           absl::FunctionRef<void(const CellKey&, const Cell&)> visit) const {
  const auto [first, last] = PlacesOf(type);
  const auto from = days_.begin() + static_cast<ptrdiff_t>(first);
  const auto to = days_.begin() + static_cast<ptrdiff_t>(last);
  const auto start = static_cast<size_t>(std::lower_bound(from, to, begin) - days_.begin());
  CellKey key;
  key.type = type;
  for (size_t i = start; i < last && days_[i] < end; ++i) {
    key.day = days_[i];
    key.channel = channels_[i];
    key.touchpoint_no = touchpoints_[i];
    key.campaign_no = campaigns_[i];
    key.currency = currencies_[i];
    key.bucket = buckets_[i];
    visit(key, cells_[i]);
  }
}

EventCellTable::Days EventCellTable::DaysOf(uint16_t type) const {
  const auto [first, last] = PlacesOf(type);
  if (first == last) return {};
  return {days_[first], days_[last - 1]};
}

CellGather::CellGather(const PreparedQuery& query) : query_(query), table_(query.slots()) {}

std::vector<CellRead> CellGather::Reads() const {
  std::vector<std::pair<CivilDays, CivilDays>> stretches;
  for (const Windows& windows : query_.ranges()) {
    stretches.emplace_back(windows.base().front().first_day, windows.base().back().end_day);
  }
  std::sort(stretches.begin(), stretches.end());
  std::vector<std::pair<CivilDays, CivilDays>> joined;
  for (const auto& stretch : stretches) {
    if (joined.empty() || stretch.first > joined.back().second) {
      joined.push_back(stretch);
    } else {
      joined.back().second = std::max(joined.back().second, stretch.second);
    }
  }
  std::vector<CellRead> reads;
  for (const uint16_t type : query_.metric().Types()) {
    for (const auto& [begin, end] : joined) reads.push_back({type, begin, end});
  }
  return reads;
}

uint8_t CellGather::RolesOf(const CellKey& key) const {
  const CompiledMetric& metric = query_.metric();
  unsigned roles = metric.RolesOf(key.type);
  if (roles == 0) return 0;
  const bool asks = !query_.filter().empty() || metric.filtered();
  if (!asks) return static_cast<uint8_t>(roles);
  const EventColumns event = EventOf(key);
  const auto holds = [&](const filter::EventPredicate& predicate) {
    return predicate.empty() || predicate.MatchesColumns(event, nobody_);
  };
  if (!holds(query_.filter())) return 0;
  if (!holds(metric.numerator_filter())) roles &= ~unsigned{kNumerator | kSubtracted};
  if (!holds(metric.denominator_filter())) roles &= ~unsigned{kDenominator};
  return static_cast<uint8_t>(roles);
}

void CellGather::Add(const CellKey& key, const Cell& cell) {
  if (key.family != SeriesFamily::kEvents) return;
  const uint8_t roles = RolesOf(key);
  if (roles == 0) return;
  const Grouping& grouping = query_.grouping();
  GroupKey group{};
  if (!grouping.empty()) grouping.SetEvent(EventOf(key), group);
  for (size_t range = 0; range < query_.ranges().size(); ++range) {
    const auto base = query_.ranges()[range].base();
    const size_t place = BaseOfDay(base, key.day);
    if (place == base.size()) continue;
    const size_t slot = query_.first_slot(range) + place;
    AddTo(key, cell, roles, table_.Total(slot));
    if (grouping.empty()) continue;
    if (Sums* sums = table_.Group(group, slot)) AddTo(key, cell, roles, *sums);
  }
}

void CellGather::AddTo(const CellKey& key, const Cell& cell, uint8_t roles, Sums& sums) const {
  const v1::MetricKind kind = query_.definition().kind();
  if (IsMoneyKind(kind)) return AddMoney(key, cell, roles, sums);
  if ((roles & kDenominator) != 0 && kind == v1::METRIC_KIND_COUNT_RATIO) sums.base += cell.count;
  if ((roles & kNumerator) == 0) return;
  sums.count += cell.count;
  if (IsScore(kind)) sums.AddScore(key.bucket, cell.count);
  if (kind != v1::METRIC_KIND_VALUE_MEAN) return;
  const int64_t scale = ValueScale(key.type);
  sums.sum += Int128{cell.value_sum} * scale;
  const auto factor = static_cast<uint64_t>(scale);
  // Cells keep no squares of scores, but each score has a cell of its own.
  const auto score = static_cast<unsigned __int128>(key.bucket % 256);
  const unsigned __int128 squares =
      key.bucket == 0 ? cell.square_sum
                      : score * score * static_cast<unsigned __int128>(cell.count);
  sums.squares.Add(WideSum(squares).Times(factor).Times(factor));
}

void CellGather::AddMoney(const CellKey& key, const Cell& cell, uint8_t roles, Sums& sums) const {
  if ((roles & (kNumerator | kSubtracted)) == 0) return;
  const auto rate = query_.metric().RateOf(key.currency, key.day);
  if (!rate) {
    sums.left_out += cell.count;
    return;
  }
  const Int128 converted = Int128{cell.value_sum} * *rate;
  if ((roles & kNumerator) != 0) {
    sums.count += cell.count;
    sums.sum += converted;
  }
  if ((roles & kSubtracted) != 0) sums.sum -= converted;
  const auto factor = static_cast<uint64_t>(*rate);
  sums.squares.Add(WideSum(cell.square_sum).Times(factor).Times(factor));
}

}  // namespace rapport::metrics

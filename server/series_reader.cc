// SPDX-License-Identifier: Apache-2.0
#include "server/series_reader.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <set>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/metrics/tally.h"
#include "lib/store/keys.h"

namespace rapport::server {
namespace {

using metrics::SeriesFamily;
using store::DatasetId;
using store::SeriesKey;

constexpr CivilDays kFirstDay = std::numeric_limits<CivilDays>::min();
constexpr CivilDays kLastDay = std::numeric_limits<CivilDays>::max();
constexpr int kRowsBetweenLooks = 4096;

SeriesKey KeyAt(uint32_t workspace_no, SeriesFamily family, uint16_t type, CivilDays day) {
  SeriesKey key;
  key.workspace_no = workspace_no;
  key.family = static_cast<uint8_t>(family);
  key.event_type = type;
  key.day = day;
  return key;
}

metrics::CellKey CellKeyOf(const SeriesKey& key) {
  return {.family = static_cast<SeriesFamily>(key.family),
          .type = key.event_type,
          .day = key.day,
          .channel = key.channel,
          .touchpoint_no = key.touchpoint_no,
          .campaign_no = key.campaign_no,
          .currency = key.currency,
          .bucket = key.bucket};
}

// Of either format: a generation made before campaigns were counted has them as 0.
std::optional<SeriesKey> DecodeKey(std::string_view bytes) {
  const auto key = SeriesKey::Decode(bytes);
  return key.has_value() ? key : SeriesKey::DecodeFormat1(bytes);
}

// The first key at or after `from`, if it is an event cell of the workspace.
std::optional<SeriesKey> SeekEvents(store::Cursor& cursor, const SeriesKey& from) {
  cursor.Seek(from.EncodeDay());
  if (!cursor.Valid()) return std::nullopt;
  const auto key = DecodeKey(cursor.Key());
  const bool fits = key.has_value() && key->workspace_no == from.workspace_no &&
                    key->family == static_cast<uint8_t>(SeriesFamily::kEvents);
  return fits ? key : std::nullopt;
}

// The last day of a type, known to have `first`: by bisection, as cursors go forward only.
CivilDays LastDay(store::Cursor& cursor, SeriesKey first, CivilDays limit) {
  const uint16_t type = first.event_type;
  CivilDays low = first.day;
  CivilDays high = std::max(low, limit);
  while (low < high) {
    const CivilDays middle = low + (high - low + 1) / 2;
    const auto key =
        SeekEvents(cursor, KeyAt(first.workspace_no, SeriesFamily::kEvents, type, middle));
    if (key.has_value() && key->event_type == type) {
      low = key->day;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace

void SeriesReader::Days::Cover(CivilDays day) {
  if (last < first) {
    first = last = day;
  } else {
    first = std::min(first, day);
    last = std::max(last, day);
  }
}

absl::Status SeriesReader::Read(SeriesFamily family, uint16_t type, CivilDays begin, CivilDays end,
                                metrics::CellVisit visit) const {
  const uint32_t workspace_no = at_.scope.workspace_no;
  if (at_.generation != nullptr) {
    const auto cursor =
        at_.env.store.dataset().Scan(DatasetId::kSeries, at_.generation->generation(),
                                     {.begin = KeyAt(workspace_no, family, type, begin).EncodeDay(),
                                      .end = KeyAt(workspace_no, family, type, end).EncodeDay(),
                                      .fill_cache = true});
    for (int64_t row = 0; cursor->Valid(); cursor->Next(), ++row) {
      if (row % kRowsBetweenLooks == 0) RETURN_IF_ERROR(call_.Alive());
      const auto key = DecodeKey(cursor->Key());
      if (!key.has_value()) return DataLoss("series", "foreign key");
      ASSIGN_OR_RETURN(const metrics::Cell cell, metrics::DecodeCell(cursor->Value()));
      visit(CellKeyOf(*key), cell);
    }
    RETURN_IF_ERROR(cursor->status());
  }
  if (!at_.live() || family != SeriesFamily::kEvents) return absl::OkStatus();
  for (const events::LiveCell& live :
       at_.env.engine.LiveCells(at_.generation, workspace_no, type, begin, end)) {
    visit({.family = family,
           .type = live.type,
           .day = live.day,
           .channel = live.channel,
           .touchpoint_no = live.touchpoint_no,
           .campaign_no = live.campaign_no,
           .currency = live.currency,
           .bucket = live.bucket},
          {.count = live.count, .value_sum = live.value_sum, .square_sum = live.square_sum});
  }
  return absl::OkStatus();
}

absl::StatusOr<metrics::QueryScope> SeriesReader::ScopeFor(
    const v1::MetricDefinition& definition) const {
  const facts::Settings& settings = at_.scope.settings;
  metrics::QueryScope scope;
  scope.calendar = settings.calendar;
  scope.base_currency = settings.base_currency;
  scope.as_of_day = settings.calendar.DayOf(at_.as_of());
  std::set<int> types(definition.numerator().begin(), definition.numerator().end());
  types.insert(definition.denominator().begin(), definition.denominator().end());
  types.insert(definition.subtracted().begin(), definition.subtracted().end());
  Days days;
  // Distinct customers are counted over all days with data, of whatever type.
  if (!metrics::NeedsEvents(definition.kind())) types.clear();
  if (types.empty()) RETURN_IF_ERROR(CoverAllSealed(days));
  for (const int type : types) {
    RETURN_IF_ERROR(CoverSealed(static_cast<uint16_t>(type), days));
    if (at_.live()) CoverLive(static_cast<uint16_t>(type), days);
  }
  scope.first_day = days.first;
  scope.last_day = days.last;
  scope.touchpoint_text = [&at = at_](uint32_t touchpoint_no) {
    return at.env.engine.TouchpointText(at.scope.workspace_no, touchpoint_no);
  };
  return scope;
}

absl::Status SeriesReader::CoverSealed(uint16_t type, Days& days) const {
  if (at_.generation == nullptr) return absl::OkStatus();
  const SeriesKey from = KeyAt(at_.scope.workspace_no, SeriesFamily::kEvents, type, kFirstDay);
  const auto cursor =
      at_.env.store.dataset().Scan(DatasetId::kSeries, at_.generation->generation(),
                                   {.begin = from.EncodeDay(), .end = "", .fill_cache = true});
  const auto first = SeekEvents(*cursor, from);
  if (!first.has_value() || first->event_type != type) return cursor->status();
  days.Cover(first->day);
  days.Cover(LastDay(*cursor, *first,
                     at_.scope.settings.calendar.DayOf(at_.generation->as_of_micros()) + 1));
  return cursor->status();
}

absl::Status SeriesReader::CoverAllSealed(Days& days) const {
  if (at_.generation == nullptr) return absl::OkStatus();
  SeriesKey from = KeyAt(at_.scope.workspace_no, SeriesFamily::kEvents, 0, kFirstDay);
  const auto cursor =
      at_.env.store.dataset().Scan(DatasetId::kSeries, at_.generation->generation(),
                                   {.begin = from.EncodeDay(), .end = "", .fill_cache = true});
  for (auto key = SeekEvents(*cursor, from); key.has_value(); key = SeekEvents(*cursor, from)) {
    RETURN_IF_ERROR(CoverSealed(key->event_type, days));
    if (key->event_type == std::numeric_limits<uint16_t>::max()) break;
    from.event_type = static_cast<uint16_t>(key->event_type + 1);
  }
  return cursor->status();
}

void SeriesReader::CoverLive(uint16_t type, Days& days) const {
  for (const events::LiveCell& cell : at_.env.engine.LiveCells(
           at_.generation, at_.scope.workspace_no, type, kFirstDay, kLastDay)) {
    days.Cover(cell.day);
  }
}

}  // namespace rapport::server

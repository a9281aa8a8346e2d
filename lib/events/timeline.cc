// SPDX-License-Identifier: Apache-2.0
// Reading: a customer's events, sealed and unsealed, with and without payloads; live cells.
#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "lib/base/errors.h"
#include "lib/base/score_bucket.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/batch.h"
#include "lib/events/block.h"
#include "lib/events/engine_state.h"
#include "lib/events/payload.h"
#include "lib/events/scan.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

using Place = std::variant<SealedPlace, LogPlace>;

struct PlacedRow {
  EventRow row;
  Place place;
};

// What a read of everything stands on: tails and the segments before them.
struct Ground {
  const TailSet& tails;
  store::GenerationHandle generation;
  std::vector<store::Version> segments;
};

// All events are the same whichever generation they are read through, so the engine's own
// pair of generation and tails serves, unless the tails fit the caller's generation.
Ground GroundFor(const View& view, const store::GenerationHandle& pinned) {
  const bool fits = view.tails->base <= SequenceOf(pinned);
  const store::GenerationHandle& generation = fits ? pinned : view.generation;
  Ground ground{*view.tails, generation, {}};
  if (generation != nullptr) {
    ground.segments.assign(generation->segments().begin(), generation->segments().end());
  }
  return ground;
}

void ReadTail(const TailSet& tails, store::Sequence after, std::pair<uint32_t, CustomerNo> customer,
              absl::FunctionRef<void(const EventRow&, LogPlace)> visit) {
  const LiveTail* tail = tails.Find(customer.first);
  if (tail != nullptr) tail->Read(customer.second, after, visit);
}

// A customer and everybody merged into it.
std::vector<CustomerNo> Everybody(const Engine::State& state, uint32_t workspace_no,
                                  CustomerNo customer_no) {
  const Workspace* workspace = state.Find(workspace_no);
  if (workspace == nullptr) return {};
  const CustomerNo survivor = workspace->directory->Resolve(customer_no);
  std::vector<CustomerNo> all = workspace->directory->MergedInto(survivor);
  all.insert(all.begin(), survivor);
  return all;
}

absl::Status Collect(const store::Dataset& dataset, const Ground& ground,
                     std::pair<uint32_t, CustomerNo> customer, std::vector<PlacedRow>& out) {
  std::vector<EventRow> rows;
  std::vector<SealedPlace> places;
  RETURN_IF_ERROR(
      ReadCustomer(dataset, ground.segments, customer.first, customer.second, rows, places));
  for (size_t i = 0; i < rows.size(); ++i) out.push_back({rows[i], places[i]});
  const auto sealed = static_cast<ptrdiff_t>(out.size());
  ReadTail(ground.tails, SequenceOf(ground.generation), customer,
           [&out](const EventRow& row, LogPlace place) {
             out.push_back({row, place});
           });
  std::reverse(out.begin() + sealed, out.end());  // Order of arrival.
  return absl::OkStatus();
}

// Fetches payloads, each block of them once.
class PayloadReader {
 public:
  PayloadReader(store::Store& store, uint32_t workspace_no)
      : store_(store), workspace_no_(workspace_no) {}

  absl::StatusOr<store::v1::EventPayload> Read(CustomerNo customer_no, const Place& place) {
    std::string_view bytes;
    if (const auto* sealed = std::get_if<SealedPlace>(&place)) {
      ASSIGN_OR_RETURN(bytes, ReadSealed(customer_no, *sealed));
    } else {
      ASSIGN_OR_RETURN(bytes, ReadLog(std::get<LogPlace>(place)));
    }
    store::v1::EventPayload payload;
    if (!payload.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return DataLoss(Cat("customers/", customer_no), "payload does not decode");
    }
    return payload;
  }

 private:
  // Bytes as stored and the payloads in them.
  struct Values {
    std::string bytes;
    std::vector<std::string_view> payloads;
  };
  using Key = std::tuple<store::Sequence, uint32_t, uint32_t>;

  static absl::StatusOr<std::string_view> Pick(const Values& values, uint32_t index) {
    if (index < values.payloads.size()) return values.payloads[index];
    return DataLoss("event_payloads", "fewer payloads than events");
  }

  absl::StatusOr<std::string_view> ReadSealed(CustomerNo customer_no, const SealedPlace& place) {
    const store::BlockKey key{workspace_no_, customer_no / store::kCustomersPerBlock, place.part};
    auto [it, added] = values_.try_emplace(Key{place.segment, key.block_no, 1u + place.part});
    if (added) {
      ASSIGN_OR_RETURN(it->second.bytes, store_.dataset().Get(store::DatasetId::kEventPayloads,
                                                              place.segment, key.Encode()));
      RETURN_IF_ERROR(DecodePayloads(it->second.bytes, it->second.payloads));
    }
    return Pick(it->second, place.index);
  }

  absl::StatusOr<std::string_view> ReadLog(const LogPlace& place) {
    auto [it, added] = values_.try_emplace(Key{place.sequence, 0, 0});
    if (added) {
      ASSIGN_OR_RETURN(it->second.bytes, store_.log().Read(place.sequence));
      DecodedBatch batch;
      RETURN_IF_ERROR(DecodeBatch(it->second.bytes, /*with_payloads=*/true, batch));
      it->second.payloads = std::move(batch.payloads);
    }
    return Pick(it->second, place.index);
  }

  store::Store& store_;
  uint32_t workspace_no_;
  std::map<Key, Values> values_;  // Nodes do not move: the views stay good.
};

void AppendCell(const CellKey& key, const CellSums& sums, std::vector<LiveCell>& out) {
  out.push_back({key.type, key.day, key.channel, key.touchpoint_no, key.currency, key.bucket,
                 sums.count, sums.value_sum});
}

Calendar CalendarOf(const Engine::State& state, const Workspace& workspace) {
  absl::ReaderMutexLock lock(&state.view_mutex);
  const auto calendar =
      Calendar::Create(workspace.record.workspace().time_zone(), WeekStart::kMonday);
  return calendar.ok() ? *calendar : Calendar::Utc();  // Stored zones were checked before.
}

// Counts of the events of one type after a log sequence.
CellMap CountAfter(const LiveTail& tail, store::Sequence after, TypeNo type,
                   const Calendar& calendar) {
  DayTable days(calendar);
  CellMap counts;
  tail.ReadAll([&](const EventRow& row, store::Sequence sequence) {
    if (sequence <= after || row.type != type) return;
    CellSums& sums = counts[CellOf(row, days.DayOf(row.time))];
    ++sums.count;
    sums.value_sum += SummedValue(row.type, row.value);
  });
  return counts;
}

}  // namespace

void Engine::TailEvents(uint32_t workspace_no, CustomerNo customer_no,
                        std::vector<EventRow>& out) const {
  TailEvents(state_->CurrentView().generation, workspace_no, customer_no, out);
}

void Engine::TailEvents(const store::GenerationHandle& generation, uint32_t workspace_no,
                        CustomerNo customer_no, std::vector<EventRow>& out) const {
  const View view = state_->CurrentView();
  const store::Sequence after = SequenceOf(generation);
  const auto begin = static_cast<ptrdiff_t>(out.size());
  ReadTail(TailsFor(view, after), after, {workspace_no, customer_no},
           [&out](const EventRow& row, LogPlace) { out.push_back(row); });
  std::sort(out.begin() + begin, out.end(), TimelineLess);
}

absl::Status Engine::AllEvents(const store::GenerationHandle& generation, uint32_t workspace_no,
                               CustomerNo customer_no, std::vector<EventRow>& out) const {
  const View view = state_->CurrentView();
  const Ground ground = GroundFor(view, generation);
  const auto begin = static_cast<ptrdiff_t>(out.size());
  const std::vector<CustomerNo> all = Everybody(*state_, workspace_no, customer_no);
  for (const CustomerNo one : all) {
    RETURN_IF_ERROR(ReadCustomer(state_->store.dataset(), ground.segments, workspace_no, one, out));
    ReadTail(ground.tails, SequenceOf(ground.generation), {workspace_no, one},
             [&out](const EventRow& row, LogPlace) { out.push_back(row); });
  }
  for (size_t i = static_cast<size_t>(begin); i < out.size(); ++i) out[i].customer_no = all[0];
  std::sort(out.begin() + begin, out.end(), TimelineLess);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TimelineEntry>> Engine::Timeline(
    const store::GenerationHandle& generation, uint32_t workspace_no, CustomerNo customer_no,
    bool ascending, size_t offset, size_t limit,
    absl::FunctionRef<bool(const EventRow&)> keep) const {
  const View view = state_->CurrentView();
  const Ground ground = GroundFor(view, generation);
  std::vector<PlacedRow> rows;
  for (const CustomerNo one : Everybody(*state_, workspace_no, customer_no)) {
    RETURN_IF_ERROR(Collect(state_->store.dataset(), ground, {workspace_no, one}, rows));
  }
  std::erase_if(rows, [&keep](const PlacedRow& placed) { return !keep(placed.row); });
  std::ranges::stable_sort(rows, TimelineLess, &PlacedRow::row);
  if (!ascending) std::ranges::reverse(rows);
  std::vector<TimelineEntry> entries;
  PayloadReader payloads(state_->store, workspace_no);
  for (size_t i = offset; i < rows.size() && entries.size() < limit; ++i) {
    ASSIGN_OR_RETURN(auto payload, payloads.Read(rows[i].row.customer_no, rows[i].place));
    entries.push_back({rows[i].row, std::move(payload)});
  }
  return entries;
}

v1::Event Engine::ToEvent(uint32_t workspace_no, const TimelineEntry& entry) const {
  v1::Event event = EventOf(entry.row, entry.payload);
  event.set_touchpoint(TouchpointText(workspace_no, entry.row.touchpoint_no));
  const Workspace* workspace = state_->Find(workspace_no);
  if (workspace == nullptr) return event;
  event.set_campaign(
      workspace->dictionary->Text(store::v1::DICTIONARY_KIND_CAMPAIGN, entry.row.campaign_no));
  event.set_custom_type(CustomTypeText(workspace_no, entry.row.type));
  // Only events that named a customer id and nothing else leave it out of their payload.
  if (!event.customer_id().empty() || !event.identities().empty()) return event;
  for (const v1::Identity& identity : workspace->directory->Identities(entry.row.customer_no)) {
    if (identity.kind() != v1::IDENTITY_KIND_CUSTOMER_ID) continue;
    event.set_customer_id(identity.value());
    break;
  }
  return event;
}

std::vector<LiveCell> Engine::LiveCells(uint32_t workspace_no, TypeNo type, int32_t begin_day,
                                        int32_t end_day) const {
  return LiveCells(state_->CurrentView().generation, workspace_no, type, begin_day, end_day);
}

std::vector<LiveCell> Engine::LiveCells(const store::GenerationHandle& generation,
                                        uint32_t workspace_no, TypeNo type, int32_t begin_day,
                                        int32_t end_day) const {
  std::vector<LiveCell> cells;
  const View view = state_->CurrentView();
  const store::Sequence after = SequenceOf(generation);
  const TailSet& tails = TailsFor(view, after);
  const LiveTail* tail = tails.Find(workspace_no);
  const Workspace* workspace = state_->Find(workspace_no);
  if (tail == nullptr || workspace == nullptr) return cells;
  const auto wanted = [&](const CellKey& key) {
    return key.type == type && key.day >= begin_day && key.day < end_day;
  };
  if (tails.base >= after) {
    tail->ReadCells([&](const CellKey& key, const CellSums& sums) {
      if (wanted(key)) AppendCell(key, sums, cells);
    });
    return cells;
  }
  // A generation was just published and the tails are about to follow: count what it lacks.
  for (const auto& [key, sums] : CountAfter(*tail, after, type, CalendarOf(*state_, *workspace))) {
    if (wanted(key)) AppendCell(key, sums, cells);
  }
  return cells;
}

std::string Engine::TouchpointText(uint32_t workspace_no, uint32_t touchpoint_no) const {
  const Workspace* workspace = state_->Find(workspace_no);
  if (workspace == nullptr || touchpoint_no == 0) return "";
  return workspace->dictionary->Text(store::v1::DICTIONARY_KIND_TOUCHPOINT, touchpoint_no);
}

std::string Engine::CustomTypeText(uint32_t workspace_no, TypeNo type) const {
  const Workspace* workspace = state_->Find(workspace_no);
  if (workspace == nullptr || type <= kCustomTypeBase) return "";
  return workspace->dictionary->Text(store::v1::DICTIONARY_KIND_CUSTOM_TYPE,
                                     static_cast<uint32_t>(type - kCustomTypeBase));
}

}  // namespace rapport::events

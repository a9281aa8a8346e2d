// SPDX-License-Identifier: Apache-2.0
// Reading: a customer's events, sealed and unsealed, with and without payloads; live cells.
#include <algorithm>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/engine_state.h"
#include "lib/events/payload.h"
#include "lib/events/payload_reader.h"
#include "lib/events/sealed_events.h"

namespace rapport::events {
namespace {

struct PlacedRow {
  EventRow row;
  EventPlace place;
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

LiveCell LiveCellOf(const CellKey& key, const CellSums& sums) {
  return {key.type,     key.day,    key.channel, key.touchpoint_no, key.campaign_no,
          key.currency, key.bucket, sums.count,  sums.value_sum,    sums.square_sum};
}

Calendar CalendarOf(const Engine::State& state, const Workspace& workspace) {
  absl::ReaderMutexLock lock(&state.view_mutex);
  const auto calendar =
      Calendar::Create(workspace.record.workspace().time_zone(), WeekStart::kMonday);
  return calendar.ok() ? *calendar : Calendar::Utc();  // Stored zones were checked before.
}

// Counts of the events after a log sequence.
CellMap CountAfter(const LiveTail& tail, store::Sequence after, const Calendar& calendar) {
  DayTable days(calendar);
  CellMap counts;
  tail.ReadAll([&](const EventRow& row, store::Sequence sequence) {
    if (sequence > after) counts[CellOf(row, days.DayOf(row.time))].Count(row);
  });
  return counts;
}

}  // namespace

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
  PayloadReader payloads(state_->store.dataset(), &state_->store.log(), workspace_no);
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

void Engine::ForEachLiveCell(const store::GenerationHandle& generation, uint32_t workspace_no,
                             absl::FunctionRef<void(const LiveCell&)> visit) const {
  const View view = state_->CurrentView();
  const store::Sequence after = SequenceOf(generation);
  const TailSet& tails = TailsFor(view, after);
  const LiveTail* tail = tails.Find(workspace_no);
  const Workspace* workspace = state_->Find(workspace_no);
  if (tail == nullptr || workspace == nullptr) return;
  const auto show = [&](const CellKey& key, const CellSums& sums) { visit(LiveCellOf(key, sums)); };
  if (tails.base >= after) return tail->ReadCells(show);
  // A generation was just published and the tails are about to follow: count what it lacks.
  for (const auto& [key, sums] : CountAfter(*tail, after, CalendarOf(*state_, *workspace))) {
    show(key, sums);
  }
}

const Dictionary& Engine::dictionary(uint32_t workspace_no) const {
  const Workspace* workspace = state_->Find(workspace_no);
  RAPPORT_CHECK(workspace != nullptr);
  return *workspace->dictionary;
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

// SPDX-License-Identifier: Apache-2.0
// The writer thread: takes what waits as one group, stores it, shows it, acknowledges it.
#include <algorithm>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/events/engine_state.h"
#include "lib/events/ingest_group.h"

namespace rapport::events {
namespace {

// A group this large has made the cost of a sync small; a larger one only adds delay.
constexpr size_t kMaxGroupEvents = 32 * 1024;
constexpr size_t kHeadsAhead = 16;

absl::Status SaveTable(store::Store& store, store::TableId table,
                       std::vector<store::PartitionWrite>& writes) {
  if (writes.empty()) return absl::OkStatus();
  // Sorted rows cost the store less; several writes of one partition keep their order.
  std::ranges::stable_sort(writes, {}, &store::PartitionWrite::partition);
  RETURN_IF_ERROR(store.table(table).ApplyAll(writes));
  writes.clear();
  return absl::OkStatus();
}

// Whether the tails can take the group in.
absl::Status CheckRoom(const TailSet& tails, const IngestGroup& group) {
  for (const LogEntry& entry : group.entries()) {
    const LiveTail* tail = tails.Find(entry.workspace->number);
    if (tail != nullptr && tail->count() + kMaxGroupEvents * 2 > LiveTail::kMaxEvents) {
      return ResourceExhausted("TAIL_FULL", "too many events since the last nightly run");
    }
  }
  return absl::OkStatus();
}

CellMap CellsOf(const LogEntry& entry) {
  CellMap cells;
  for (const EventRow& row : entry.rows) {
    cells[CellOf(row, entry.workspace->days->DayOf(row.time))].Count(row);
  }
  return cells;
}

// The entry that has the sequence `first` is the first with rows.
void Show(const IngestGroup& group, store::Sequence first, const View& view) {
  store::Sequence sequence = first;
  for (const LogEntry& entry : group.entries()) {
    if (entry.rows.empty()) continue;
    const CellMap cells = CellsOf(entry);
    for (const TailSet* tails : {view.tails.get(), view.retired.get()}) {
      LiveTail* tail = tails == nullptr ? nullptr : tails->Find(entry.workspace->number);
      if (tail == nullptr) continue;
      for (uint32_t i = 0; i < entry.rows.size(); ++i) {
        if (i + kHeadsAhead < entry.rows.size()) {
          tail->PrefetchHead(entry.rows[i + kHeadsAhead].customer_no);
        }
        tail->Append(entry.rows[i], {sequence, i});
      }
      tail->AddCells(cells);
    }
    ++sequence;
  }
}

absl::Status Store(store::Store& store, const IngestGroup& group, TimeMicros now,
                   const View& view) {
  RETURN_IF_ERROR(CheckRoom(*view.tails, group));
  const std::vector<std::string> encoded = group.Encode(now);
  if (encoded.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const store::Sequence last, store.log().Append(encoded));
  Show(group, last - encoded.size() + 1, view);
  return absl::OkStatus();
}

}  // namespace

absl::Status UnsavedRows::Save(store::Store& store) {
  // Merges first: a merged customer's number stays known whatever is lost after it.
  RETURN_IF_ERROR(SaveTable(store, store::TableId::kCustomers, customers));
  RETURN_IF_ERROR(SaveTable(store, store::TableId::kIdentities, identities));
  return SaveTable(store, store::TableId::kDictionary, words);
}

std::vector<std::unique_ptr<Prepared>> Engine::State::TakeGroup() {
  std::vector<std::unique_ptr<Prepared>> group;
  std::unique_lock lock(queue_mutex);
  queue_filled.wait(lock, [this] { return stopping || !queue.empty(); });
  size_t events = 0;
  while (!queue.empty() &&
         (group.empty() || events + queue.front()->submitted <= kMaxGroupEvents)) {
    events += queue.front()->submitted;
    group.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return group;
}

void Engine::State::Run() {
  for (auto group = TakeGroup(); !group.empty(); group = TakeGroup()) {
    Process(group);
    size_t events = 0;
    for (const auto& batch : group) {
      events += batch->submitted;
      batch->done(std::move(batch->outcome));
    }
    {
      std::lock_guard lock(queue_mutex);
      waiting_events -= events;
    }
    queue_drained.notify_all();
  }
}

void Engine::State::Process(std::vector<std::unique_ptr<Prepared>>& batches) {
  absl::MutexLock lock(&apply_mutex);
  const TimeMicros now = clock.Now();
  const IdSet::Day horizon = Horizon(now);
  IngestGroup group({ids, unsaved, DayOf(now), horizon});
  for (const auto& batch : batches) {
    if (batch->outcome.status.ok()) group.Take(*batch);
  }
  absl::Status status = unsaved.Save(store);
  if (status.ok()) status = Store(store, group, now, CurrentView());
  if (!status.ok()) {
    Log(LogLevel::kError, "events could not be stored", {{"error", status.ToString()}});
    group.Undo();
  }
  for (const auto& batch : batches) {
    if (!batch->outcome.status.ok()) continue;
    if (!status.ok()) {
      batch->outcome = IngestOutcome{status, 0, {}, {}};
      continue;
    }
    const TimeMicros late_before = batch->workspace->late_before;
    const int64_t late =
        late_before == INT64_MIN
            ? 0
            : std::ranges::count_if(batch->rows, [late_before](const EventRow& row) {
                return row.customer_no != 0 && row.time < late_before;
              });
    batch->workspace->quality.Add(batch->outcome, late);
  }
  ids.Sweep(horizon);
  if (retired_until != 0 && now >= retired_until) DropRetired();
}

void Engine::State::DropRetired() {
  std::shared_ptr<const TailSet> dropped;
  absl::MutexLock lock(&view_mutex);
  dropped.swap(view.retired);
  retired_until = 0;
}

}  // namespace rapport::events

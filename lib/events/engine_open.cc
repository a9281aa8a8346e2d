// SPDX-License-Identifier: Apache-2.0
// Bringing the engine's memory up from the store.
#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/batch.h"
#include "lib/events/engine_state.h"
#include "lib/store/keys.h"

namespace rapport::events {
namespace {

absl::StatusOr<Calendar> CalendarOf(const v1::Workspace& workspace) {
  const WeekStart week_start =
      workspace.week_start() == v1::WEEK_START_SUNDAY ? WeekStart::kSunday : WeekStart::kMonday;
  return Calendar::Create(workspace.time_zone(), week_start);
}

TimeMicros MicrosOf(const google::protobuf::Duration& duration) {
  return duration.seconds() * kMicrosPerSecond + duration.nanos() / 1000;
}

// Counts of replayed events by workspace, in each workspace's days.
class CellCounter {
 public:
  explicit CellCounter(const Engine::State& state) : state_(state) {}

  absl::Status Add(uint32_t workspace_no, std::span<const EventRow> rows) {
    if (workspace_no >= counts_.size()) counts_.resize(workspace_no + 1);
    std::unique_ptr<Counts>& counts = counts_[workspace_no];
    if (counts == nullptr) {
      absl::ReaderMutexLock lock(&state_.view_mutex);
      ASSIGN_OR_RETURN(const Calendar calendar,
                       CalendarOf(state_.workspaces[workspace_no]->record.workspace()));
      counts = std::make_unique<Counts>(calendar);
    }
    for (const EventRow& row : rows) {
      counts->cells[CellOf(row, counts->days.DayOf(row.time))].Count(row);
    }
    return absl::OkStatus();
  }
  void Deliver(TailSet& tails) {
    for (uint32_t no = 0; no < counts_.size(); ++no) {
      if (counts_[no] != nullptr) tails.Find(no)->AddCells(counts_[no]->cells);
    }
  }

 private:
  struct Counts {
    explicit Counts(const Calendar& calendar) : days(calendar) {}
    DayTable days;
    CellMap cells;
  };
  const Engine::State& state_;
  std::vector<std::unique_ptr<Counts>> counts_;
};

}  // namespace

IdSet::Day Engine::State::DayOf(TimeMicros time) const {
  return static_cast<IdSet::Day>(std::clamp<int64_t>(time / kMicrosPerDay, 1, UINT16_MAX));
}

IdSet::Day Engine::State::Horizon(TimeMicros now) const {
  const int64_t days = std::clamp<int64_t>(options.id_horizon_days, 0, UINT16_MAX);
  return static_cast<IdSet::Day>(std::max<int64_t>(DayOf(now) - days, 0));
}

absl::StatusOr<std::unique_ptr<Workspace>> Engine::State::OpenWorkspace(
    store::v1::WorkspaceRecord record) {
  auto workspace = std::make_unique<Workspace>();
  workspace->number = record.workspace_no();
  ASSIGN_OR_RETURN(const Calendar calendar, CalendarOf(record.workspace()));
  workspace->days = std::make_unique<DayTable>(calendar);
  workspace->future_tolerance = MicrosOf(record.workspace().future_tolerance());
  ASSIGN_OR_RETURN(workspace->directory, customers::Directory::Open(store, workspace->number));
  ASSIGN_OR_RETURN(workspace->dictionary, Dictionary::Open(store, workspace->number));
  workspace->record = std::move(record);
  return workspace;
}

absl::Status Engine::State::LoadWorkspaces() {
  std::vector<std::pair<std::string, store::v1::WorkspaceRecord>> records;
  const auto read = [&](std::string_view id, std::string_view, std::string_view value) {
    store::v1::WorkspaceRecord record;
    if (!record.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
        record.workspace_no() == 0) {
      return DataLoss(Cat("workspaces/", id), "row does not decode");
    }
    records.emplace_back(id, std::move(record));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(store.table(store::TableId::kWorkspaces).ScanAll("", read));
  for (auto& [id, record] : records) {
    ASSIGN_OR_RETURN(auto workspace, OpenWorkspace(std::move(record)));
    absl::MutexLock lock(&view_mutex);
    const uint32_t number = workspace->number;
    if (number >= workspaces.size()) workspaces.resize(number + 1);
    by_id[id] = workspace.get();
    workspaces[number] = std::move(workspace);
  }
  return absl::OkStatus();
}

absl::Status Engine::State::LoadIds(const store::GenerationHandle& generation) {
  if (generation == nullptr) return absl::OkStatus();
  size_t id_count = 0;
  for (const store::Version segment : generation->segments()) {
    const auto cursor = store.dataset().Scan(store::DatasetId::kEventIds, segment, {});
    for (; cursor->Valid(); cursor->Next()) id_count += cursor->Value().size() / sizeof(Hash128);
    RETURN_IF_ERROR(cursor->status());
  }
  ids.Reserve(id_count);
  const IdSet::Day horizon = Horizon(clock.Now());
  for (const store::Version segment : generation->segments()) {
    auto cursor = store.dataset().Scan(store::DatasetId::kEventIds, segment, {});
    for (; cursor->Valid(); cursor->Next()) {
      const auto key = store::IdChunkKey::Decode(cursor->Key());
      const std::string_view bytes = cursor->Value();
      if (!key.has_value() || bytes.size() % sizeof(Hash128) != 0) {
        return DataLoss(Cat("event_ids/", segment), "chunk does not decode");
      }
      const IdSet::Day day = DayOf(key->arrival_day * kMicrosPerDay);
      if (day < horizon) continue;
      std::vector<Hash128> chunk(bytes.size() / sizeof(Hash128));
      if (!chunk.empty()) std::memcpy(chunk.data(), bytes.data(), bytes.size());
      for (const Hash128& id : chunk) ids.Insert(id, day, horizon);
    }
    RETURN_IF_ERROR(cursor->status());
  }
  return absl::OkStatus();
}

void Engine::State::SetLateBefore(Workspace& workspace, const store::GenerationHandle& generation) {
  const Calendar& calendar = workspace.days->calendar();
  workspace.late_before = generation == nullptr
                              ? INT64_MIN
                              : calendar.StartOf(calendar.DayOf(generation->as_of_micros()));
}

std::shared_ptr<TailSet> Engine::State::NewTails(store::Sequence base) const {
  auto tails = std::make_shared<TailSet>();
  tails->base = base;
  absl::ReaderMutexLock lock(&view_mutex);
  tails->by_workspace.resize(workspaces.size());
  for (const auto& workspace : workspaces) {
    if (workspace != nullptr) {
      tails->by_workspace[workspace->number] = std::make_shared<LiveTail>(base);
    }
  }
  return tails;
}

absl::StatusOr<store::Sequence> Engine::State::Replay(store::Sequence after, ReplayTarget target) {
  store::Sequence last = after;
  DecodedBatch batch;
  CellCounter cells(*this);
  const IdSet::Day horizon = Horizon(clock.Now());
  const auto visit = [&](store::Sequence sequence, std::string_view bytes) {
    if (const absl::Status status = DecodeBatch(bytes, /*with_payloads=*/false, batch);
        !status.ok()) {
      return Annotate(status, Cat("log entry ", sequence));
    }
    LiveTail* tail = target.tails.Find(batch.workspace_no);
    if (tail == nullptr) return DataLoss(Cat("log/", sequence), "names no workspace");
    for (uint32_t i = 0; i < batch.rows.size(); ++i) tail->Append(batch.rows[i], {sequence, i});
    if (const absl::Status status = cells.Add(batch.workspace_no, batch.rows); !status.ok()) {
      return status;
    }
    const IdSet::Day day = DayOf(batch.receive_time);
    for (size_t i = 0; target.with_ids && day >= horizon && i < batch.ids.size(); ++i) {
      if (i + 8 < batch.ids.size()) ids.Prefetch(batch.ids[i + 8]);
      ids.Insert(batch.ids[i], day, horizon);
    }
    last = sequence;
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(store.log().Replay(after + 1, visit));
  cells.Deliver(target.tails);
  return last;
}

}  // namespace rapport::events

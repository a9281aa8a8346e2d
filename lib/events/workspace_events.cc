// SPDX-License-Identifier: Apache-2.0
#include "lib/events/workspace_events.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/engine_state.h"

namespace rapport::events {
namespace {

// How long tails of the generation before are kept for requests that pinned it.
constexpr TimeMicros kRetiredMicros = 60 * kMicrosPerSecond;

absl::StatusOr<Calendar> CalendarOf(const v1::Workspace& workspace) {
  return Calendar::Create(workspace.time_zone(), WeekStart::kMonday);
}

CellMap CountCells(const LiveTail& tail, DayTable& days) {
  CellMap cells;
  tail.ReadAll([&](const EventRow& row, store::Sequence) {
    cells[CellOf(row, days.DayOf(row.time))].Count(row);
  });
  return cells;
}

// `field` with the indexes taken out: "order.items[3].quantity" counts as "order.items[].quantity".
std::string WithoutIndexes(std::string_view field) {
  std::string out;
  bool inside = false;
  for (const char c : field) {
    if (c == ']') inside = false;
    if (!inside) out.push_back(c);
    if (c == '[') inside = true;
  }
  return out;
}

// Event ids are unique in their workspace, the set of known ids is one for all: an odd
// factor keeps equal ids of two workspaces apart.
void MakeIdsOf(uint32_t workspace_no, std::vector<Hash128>& ids) {
  const uint64_t apart = workspace_no * 0x9E3779B97F4A7C15ull;
  for (Hash128& id : ids) id.low ^= apart;
}

}  // namespace

// --- State ---------------------------------------------------------------------------

Workspace* Engine::State::Find(std::string_view id) const {
  absl::ReaderMutexLock lock(&view_mutex);
  const auto it = by_id.find(id);
  return it == by_id.end() ? nullptr : it->second;
}

Workspace* Engine::State::Find(uint32_t number) const {
  absl::ReaderMutexLock lock(&view_mutex);
  return number < workspaces.size() ? workspaces[number].get() : nullptr;
}

std::vector<Workspace*> Engine::State::All() const {
  std::vector<Workspace*> all;
  absl::ReaderMutexLock lock(&view_mutex);
  for (const auto& workspace : workspaces) {
    if (workspace != nullptr) all.push_back(workspace.get());
  }
  return all;
}

View Engine::State::CurrentView() const {
  absl::ReaderMutexLock lock(&view_mutex);
  return view;
}

store::Sequence SequenceOf(const store::GenerationHandle& generation) {
  return generation == nullptr ? 0 : generation->log_sequence();
}

const TailSet& TailsFor(const View& view, store::Sequence sequence) {
  if (view.tails->base <= sequence || view.retired == nullptr) return *view.tails;
  return view.retired->base < view.tails->base ? *view.retired : *view.tails;
}

void Quality::Add(const IngestOutcome& outcome, int64_t late) {
  absl::MutexLock lock(&mutex_);
  accepted_ += outcome.accepted;
  duplicates_ += static_cast<int64_t>(outcome.duplicates.size());
  late_ += late;
  for (const v1::RejectedEvent& rejected : outcome.rejected) {
    ++rejections_[{rejected.reason(), WithoutIndexes(rejected.field())}];
  }
}

QualityCounts Quality::Read() const {
  QualityCounts counts;
  absl::MutexLock lock(&mutex_);
  counts.accepted = accepted_;
  counts.duplicates = duplicates_;
  counts.late = late_;
  for (const auto& [key, count] : rejections_) {
    v1::RejectionCount& rejection = counts.rejections.emplace_back();
    rejection.set_reason(key.first);
    rejection.set_field(key.second);
    rejection.set_event_count(count);
  }
  return counts;
}

// --- Engine --------------------------------------------------------------------------

Engine::Engine() = default;

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(store::Store& store,
                                                     store::Generations& generations,
                                                     const Clock& clock, EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine);
  engine->state_ = std::make_unique<State>(store, generations, clock, options);
  State& state = *engine->state_;
  state.since = clock.Now();
  RETURN_IF_ERROR(state.LoadWorkspaces());
  View view;
  view.generation = generations.Current();
  RETURN_IF_ERROR(state.LoadIds(view.generation));
  const auto tails = state.NewTails(SequenceOf(view.generation));
  RETURN_IF_ERROR(state.Replay(tails->base, {*tails, /*with_ids=*/true}).status());
  view.tails = tails;
  for (Workspace* workspace : state.All()) state.SetLateBefore(*workspace, view.generation);
  {
    absl::MutexLock lock(&state.view_mutex);
    state.view = std::move(view);
  }
  state.writer = std::thread([&state] { state.Run(); });
  return engine;
}

Engine::~Engine() {
  if (state_ == nullptr || !state_->writer.joinable()) return;
  {
    std::lock_guard lock(state_->queue_mutex);
    state_->stopping = true;
  }
  state_->queue_filled.notify_all();
  state_->writer.join();
}

absl::StatusOr<store::v1::WorkspaceRecord> Engine::CreateWorkspace(std::string_view id,
                                                                   v1::Workspace workspace) {
  absl::MutexLock admin(&state_->admin_mutex);
  if (state_->Find(id) != nullptr) return AlreadyExists(Cat("workspaces/", id));
  store::v1::WorkspaceRecord record;
  const std::vector<Workspace*> all = state_->All();
  record.set_workspace_no(all.empty() ? 1 : all.back()->number + 1);
  *record.mutable_workspace() = std::move(workspace);
  ASSIGN_OR_RETURN(auto opened, state_->OpenWorkspace(record));
  ASSIGN_OR_RETURN(const bool stored, state_->store.table(store::TableId::kWorkspaces)
                                          .PutIf(id, "", std::nullopt, record.SerializeAsString()));
  if (!stored) return AlreadyExists(Cat("workspaces/", id));
  absl::MutexLock apply(&state_->apply_mutex);
  const View view = state_->CurrentView();
  state_->SetLateBefore(*opened, view.generation);
  const auto with_tail = [&](const std::shared_ptr<const TailSet>& old) {
    if (old == nullptr) return std::shared_ptr<TailSet>();
    auto tails = std::make_shared<TailSet>(*old);
    tails->by_workspace.resize(record.workspace_no() + 1);
    tails->by_workspace[record.workspace_no()] = std::make_shared<LiveTail>(tails->base);
    return tails;
  };
  absl::MutexLock lock(&state_->view_mutex);
  state_->view.tails = with_tail(view.tails);
  state_->view.retired = with_tail(view.retired);
  state_->workspaces.resize(record.workspace_no() + 1);
  state_->by_id[std::string(id)] = opened.get();
  state_->workspaces[record.workspace_no()] = std::move(opened);
  return record;
}

absl::StatusOr<store::v1::WorkspaceRecord> Engine::UpdateWorkspace(std::string_view id,
                                                                   v1::Workspace workspace) {
  absl::MutexLock admin(&state_->admin_mutex);
  Workspace* found = state_->Find(id);
  if (found == nullptr) return NotFound(Cat("workspaces/", id));
  ASSIGN_OR_RETURN(const Calendar calendar, CalendarOf(workspace));
  store::v1::WorkspaceRecord record;
  record.set_workspace_no(found->number);
  *record.mutable_workspace() = std::move(workspace);
  RETURN_IF_ERROR(
      state_->store.table(store::TableId::kWorkspaces)
          .Apply({std::string(id), {{store::MergeKind::kSet, "", record.SerializeAsString()}}}));
  const v1::Workspace& now = record.workspace();
  found->future_tolerance =
      now.future_tolerance().seconds() * kMicrosPerSecond + now.future_tolerance().nanos() / 1000;
  absl::MutexLock apply(&state_->apply_mutex);
  const View view = state_->CurrentView();
  if (calendar.zone() != found->days->calendar().zone()) {
    found->days = std::make_unique<DayTable>(calendar);
    for (const TailSet* tails : {view.tails.get(), view.retired.get()}) {
      LiveTail* tail = tails == nullptr ? nullptr : tails->Find(found->number);
      if (tail != nullptr) tail->ReplaceCells(CountCells(*tail, *found->days));
    }
  }
  state_->SetLateBefore(*found, view.generation);
  absl::MutexLock lock(&state_->view_mutex);
  found->record = record;
  return record;
}

absl::StatusOr<store::v1::WorkspaceRecord> Engine::FindWorkspace(std::string_view id) const {
  absl::ReaderMutexLock lock(&state_->view_mutex);
  const auto it = state_->by_id.find(id);
  if (it == state_->by_id.end()) return NotFound(Cat("workspaces/", id));
  return it->second->record;
}

std::vector<store::v1::WorkspaceRecord> Engine::Workspaces() const {
  std::vector<std::pair<std::string, store::v1::WorkspaceRecord>> sorted;
  {
    absl::ReaderMutexLock lock(&state_->view_mutex);
    for (const auto& [id, workspace] : state_->by_id) sorted.emplace_back(id, workspace->record);
  }
  std::ranges::sort(sorted, {},
                    [](const auto& entry) -> const std::string& { return entry.first; });
  std::vector<store::v1::WorkspaceRecord> records;
  for (auto& [id, record] : sorted) records.push_back(std::move(record));
  return records;
}

void Engine::Submit(std::string_view workspace_id, std::span<const v1::Event* const> events,
                    absl::AnyInvocable<void(IngestOutcome)> done) {
  auto batch = std::make_unique<Prepared>();
  batch->done = std::move(done);
  batch->submitted = events.size();
  batch->workspace = state_->Find(workspace_id);
  if (batch->workspace == nullptr) {
    batch->outcome.status = NotFound(Cat("workspaces/", workspace_id));
  } else {
    const TimeMicros now = state_->clock.Now();
    Prepare(events, {now, now + batch->workspace->future_tolerance.load()}, *batch);
    MakeIdsOf(batch->workspace->number, batch->ids);
  }
  State& state = *state_;
  {
    std::unique_lock lock(state.queue_mutex);
    state.queue_drained.wait(
        lock, [&state] { return state.waiting_events <= state.options.max_waiting_events; });
    state.waiting_events += batch->submitted;
    state.queue.push_back(std::move(batch));
  }
  state.queue_filled.notify_one();
}

IngestOutcome Engine::Ingest(std::string_view workspace_id,
                             std::span<const v1::Event* const> events) {
  auto result = std::make_shared<std::promise<IngestOutcome>>();  // The writer may leave last.
  std::future<IngestOutcome> outcome = result->get_future();
  Submit(workspace_id, events,
         [result](IngestOutcome stored) { result->set_value(std::move(stored)); });
  return outcome.get();
}

customers::Directory& Engine::directory(uint32_t workspace_no) const {
  Workspace* workspace = state_->Find(workspace_no);
  RAPPORT_CHECK(workspace != nullptr);
  return *workspace->directory;
}

absl::Status Engine::WithWriterLock(absl::FunctionRef<absl::Status()> change) {
  absl::MutexLock lock(&state_->apply_mutex);
  return change();
}

absl::Status Engine::OnGenerationChange(const store::GenerationHandle& current) {
  absl::MutexLock admin(&state_->admin_mutex);
  // Most of the log is read while the writer goes on; only the rest keeps it waiting.
  const auto tails = state_->NewTails(SequenceOf(current));
  ASSIGN_OR_RETURN(const store::Sequence seen, state_->Replay(tails->base, {*tails}));
  {
    absl::MutexLock apply(&state_->apply_mutex);
    RETURN_IF_ERROR(state_->Replay(seen, {*tails}).status());
    for (Workspace* workspace : state_->All()) state_->SetLateBefore(*workspace, current);
    state_->retired_until = state_->clock.Now() + kRetiredMicros;
    absl::MutexLock lock(&state_->view_mutex);
    state_->view = View{tails, std::move(state_->view.tails), current};
  }
  return state_->store.log().Trim(state_->generations.Trimmable());
}

QualityCounts Engine::Quality(uint32_t workspace_no) const {
  const Workspace* workspace = state_->Find(workspace_no);
  QualityCounts counts;
  if (workspace != nullptr) counts = workspace->quality.Read();
  counts.since = state_->since;
  return counts;
}

int64_t Engine::tail_event_count() const {
  int64_t count = 0;
  for (const auto& tail : state_->CurrentView().tails->by_workspace) {
    if (tail != nullptr) count += tail->count();
  }
  return count;
}

int64_t Engine::remembered_id_count() const { return static_cast<int64_t>(state_->ids.size()); }

int64_t Engine::customer_count() const {
  int64_t count = 0;
  for (const Workspace* workspace : state_->All()) {
    count += workspace->directory->last_customer_no() -
             static_cast<int64_t>(workspace->directory->AllMerges().size());
  }
  return count;
}

}  // namespace rapport::events

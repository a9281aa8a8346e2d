// SPDX-License-Identifier: Apache-2.0
// The write model of the server: takes events in for all workspaces and keeps the recent
// tail readable.
//
//   gRPC thread: Prepare (validate, hash, columns)      pure, runs in parallel
//   writer thread: identify > de-duplicate > append one group > make visible > acknowledge
//
// Submitted batches are taken in order by one writer thread; batches that wait together
// share one append and one sync (group commit). A batch is acknowledged after its group
// is durable and visible to readers (timeline, summary, live series).
//
// Events known by id within the horizon (default 30 days of arrival) are duplicates, also
// after restarts. Ids are compared by 112 bits of a 128-bit fingerprint: with 10^9 ids the
// chance of a false duplicate is 10^-16, so hits are not looked up again (docs/adr).
//
// Thread-safe. Restart: Open() replays the log since the last seal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/customers/directory.h"
#include "lib/events/dictionary.h"
#include "lib/events/row.h"
#include "lib/events/scan_ground.h"
#include "lib/store/generation.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/records.pb.h"
#include "rapport/v1/admin_service.pb.h"
#include "rapport/v1/event.pb.h"
#include "rapport/v1/event_service.pb.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::events {

struct EngineOptions {
  // An event is a duplicate when its id arrived at most this many days (UTC days of
  // arrival, today included as day 0) ago; an older id is forgotten and would be stored
  // again. 0: only ids of today. Each remembered id costs 23 to 34 bytes. Shortening it
  // takes effect at once; lengthening it cannot bring forgotten ids back.
  int64_t id_horizon_days = 30;
  // Submit blocks (and stream back-pressure begins) above this many waiting events.
  size_t max_waiting_events = 200'000;
};

// What became of a batch; indexes are those of the submitted events.
struct IngestOutcome {
  absl::Status status;  // Not OK: nothing of the batch is acknowledged (store failure).
  int64_t accepted = 0;
  std::vector<int32_t> duplicates;
  std::vector<v1::RejectedEvent> rejected;
};

// Exact counts of live (unsealed) events in one series cell; see lib/store/keys.h SeriesKey
// for the dimensions. Additive events only (family kEvents of lib/metrics/series.h).
struct LiveCell {
  TypeNo type = 0;
  int32_t day = 0;  // Civil day in the workspace's zone.
  uint8_t channel = 0;
  uint32_t touchpoint_no = 0;
  uint32_t campaign_no = 0;
  uint16_t currency = 0;
  uint16_t bucket = 0;  // Score for surveys and reviews, else 0.
  int64_t count = 0;
  int64_t value_sum = 0;
  unsigned __int128 square_sum = 0;  // Of amounts and durations, modulo 2^128.
};

struct QualityCounts {
  int64_t accepted = 0, duplicates = 0, late = 0;
  std::vector<v1::RejectionCount> rejections;
  TimeMicros since = 0;
};

// A timeline event with where its payload is.
struct TimelineEntry {
  EventRow row;
  store::v1::EventPayload payload;
};

// How far a scan reads.
enum class ScanExtent { kSealed, kLive };

class Engine {
 public:
  // Opens all workspaces of the store, replays the log.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(store::Store& store,
                                                      store::Generations& generations,
                                                      const Clock& clock, EngineOptions options);
  ~Engine();  // Stops the writer; what was submitted is finished first.

  // Workspaces. Create: AlreadyExists; Update keeps the number. `workspace` is complete and
  // validated by ValidateWorkspace below.
  absl::StatusOr<store::v1::WorkspaceRecord> CreateWorkspace(std::string_view id,
                                                             v1::Workspace workspace);
  absl::StatusOr<store::v1::WorkspaceRecord> UpdateWorkspace(std::string_view id,
                                                             v1::Workspace workspace);
  absl::StatusOr<store::v1::WorkspaceRecord> FindWorkspace(std::string_view id) const;  // NotFound
  std::vector<store::v1::WorkspaceRecord> Workspaces() const;                           // By id.

  // Takes a batch; `done` is called once, from the writer thread, after it is durable and
  // visible (or refused). Events are read only until Submit returns. Batches of one
  // caller are finished in order. Unknown workspace: `done` gets NotFound. `done` holds up
  // everybody's next group: it must be short and must not call Submit or Ingest.
  void Submit(std::string_view workspace_id, std::span<const v1::Event* const> events,
              absl::AnyInvocable<void(IngestOutcome)> done);
  // Submit and wait.
  IngestOutcome Ingest(std::string_view workspace_id, std::span<const v1::Event* const> events);

  customers::Directory& directory(uint32_t workspace_no) const;
  // Runs `change` while no batch is being applied (merges, attribute updates).
  absl::Status WithWriterLock(absl::FunctionRef<absl::Status()> change);

  // Unsealed events of a customer (no alias applied) after the log_sequence of a pinned
  // generation (nullptr: before the first), in timeline order, appended to `out`: exactly what
  // it lacks, also while another generation is being published. Exact as long as the handle is
  // not older than the previous generation and not held for more than a minute after a publish.
  // About 0.3 us an event.
  void TailEvents(const store::GenerationHandle& generation, uint32_t workspace_no,
                  CustomerNo customer_no, std::vector<EventRow>& out) const;
  // All events of a customer and those merged into it, in timeline order: sealed + tail.
  absl::Status AllEvents(const store::GenerationHandle& generation, uint32_t workspace_no,
                         CustomerNo customer_no, std::vector<EventRow>& out) const;
  // A slice of the timeline with payloads, for ListEvents: up to `limit` entries that pass
  // `keep`, newest first unless `ascending`, skipping the first `offset` that pass.
  absl::StatusOr<std::vector<TimelineEntry>> Timeline(
      const store::GenerationHandle& generation, uint32_t workspace_no, CustomerNo customer_no,
      bool ascending, size_t offset, size_t limit,
      absl::FunctionRef<bool(const EventRow&)> keep) const;
  // Turns an entry back into the API's event (without resource name).
  v1::Event ToEvent(uint32_t workspace_no, const TimelineEntry& entry) const;

  // What a scan of all customers of a workspace stands on, pinned: the events of the
  // generation up to its as_of, or everything acknowledged until now. Merges are those of
  // now. Exact under the conditions of TailEvents.
  ScanGround GroundOf(const store::GenerationHandle& generation, uint32_t workspace_no,
                      ScanExtent extent) const;

  // Calls `visit` with every live series cell of the workspace, unordered, for a pinned
  // generation, as TailEvents above. `visit` must not ask the engine anything.
  void ForEachLiveCell(const store::GenerationHandle& generation, uint32_t workspace_no,
                       absl::FunctionRef<void(const LiveCell&)> visit) const;
  // Touchpoints, campaigns and custom types of a workspace that exists; for reading.
  const Dictionary& dictionary(uint32_t workspace_no) const;
  std::string TouchpointText(uint32_t workspace_no, uint32_t touchpoint_no) const;  // "" for 0.
  std::string CustomTypeText(uint32_t workspace_no, TypeNo type) const;

  // After a publish or rollback: forget tail and live cells that the generation holds
  // (on rollback: replay what it does not), trim the log.
  absl::Status OnGenerationChange(const store::GenerationHandle& current);

  QualityCounts Quality(uint32_t workspace_no) const;
  int64_t tail_event_count() const;
  int64_t remembered_id_count() const;
  int64_t customer_count() const;

  struct State;  // engine_state.h; for this folder only.

 private:
  Engine();
  std::unique_ptr<State> state_;
};

// Fills defaults and checks ranges and names; InvalidField with path otherwise.
absl::Status CompleteWorkspace(v1::Workspace& workspace);
// InvalidField BAD_WORKSPACE_ID unless 1-63 of [a-z0-9-], starting with a letter.
absl::Status CheckWorkspaceId(std::string_view id, std::string_view field);

}  // namespace rapport::events

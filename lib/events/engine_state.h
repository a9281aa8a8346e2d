// SPDX-License-Identifier: Apache-2.0
// What the engine holds, shared by its source files; not for others.
//
// Locks, in the order in which they may be taken:
//   admin_mutex   workspaces and generations change one at a time
//   apply_mutex   the writer's: ids, directories' writes, tails' writes
//   view_mutex    which workspaces and tails readers see; held for moments
//   queue_mutex   submitted batches
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/text.h"
#include "lib/customers/directory.h"
#include "lib/events/day_table.h"
#include "lib/events/dictionary.h"
#include "lib/events/id_set.h"
#include "lib/events/live_tail.h"
#include "lib/events/prepare.h"
#include "lib/events/workspace_events.h"

namespace rapport::events {

// Counts of what came in; thread-safe.
class Quality {
 public:
  void Add(const IngestOutcome& outcome, int64_t late);
  // Fills all but `since`.
  QualityCounts Read() const;

 private:
  mutable absl::Mutex mutex_;
  int64_t accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t duplicates_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t late_ ABSL_GUARDED_BY(mutex_) = 0;
  // By reason and field without indexes.
  std::map<std::pair<std::string, std::string>, int64_t> rejections_ ABSL_GUARDED_BY(mutex_);
};

// A workspace at work. Lives as long as the engine.
struct Workspace {
  uint32_t number = 0;
  store::v1::WorkspaceRecord record;  // view_mutex.
  std::unique_ptr<customers::Directory> directory;
  std::unique_ptr<Dictionary> dictionary;
  std::unique_ptr<DayTable> days;  // apply_mutex.
  std::atomic<TimeMicros> future_tolerance = 0;
  TimeMicros late_before = INT64_MIN;  // apply_mutex.
  Quality quality;
};

// New rows that wait to be stored; kept after a failed write until a later one succeeds,
// because the memory of directories and dictionaries already has them.
struct UnsavedRows {
  std::vector<store::PartitionWrite> customers, identities, words;
  absl::Status Save(store::Store& store);
};

// What readers see together.
struct View {
  std::shared_ptr<const TailSet> tails;
  std::shared_ptr<const TailSet> retired;  // Of the generation before, for a minute; or nullptr.
  store::GenerationHandle generation;      // Whose log_sequence is tails->base; or nullptr.
};

struct Engine::State {
  State(store::Store& store_in, store::Generations& generations_in, const Clock& clock_in,
        EngineOptions options_in)
      : store(store_in), generations(generations_in), clock(clock_in), options(options_in) {}

  store::Store& store;
  store::Generations& generations;
  const Clock& clock;
  const EngineOptions options;
  TimeMicros since = 0;

  absl::Mutex admin_mutex;
  absl::Mutex apply_mutex;
  mutable absl::Mutex view_mutex;

  IdSet ids;                     // apply_mutex
  UnsavedRows unsaved;           // apply_mutex
  TimeMicros retired_until = 0;  // apply_mutex

  View view ABSL_GUARDED_BY(view_mutex);
  std::vector<std::unique_ptr<Workspace>> workspaces ABSL_GUARDED_BY(view_mutex);  // By number.
  TextMap<Workspace*> by_id ABSL_GUARDED_BY(view_mutex);

  // The standard's mutex and not absl::Mutex: the thread sanitizer sees its conditions.
  std::mutex queue_mutex;
  std::condition_variable queue_filled;         // Or stopping.
  std::condition_variable queue_drained;        // waiting_events went down.
  std::deque<std::unique_ptr<Prepared>> queue;  // queue_mutex
  size_t waiting_events = 0;                    // queue_mutex
  bool stopping = false;                        // queue_mutex
  std::thread writer;

  // nullptr if unknown.
  Workspace* Find(std::string_view id) const;
  Workspace* Find(uint32_t number) const;
  std::vector<Workspace*> All() const;  // By number.
  View CurrentView() const;
  IdSet::Day DayOf(TimeMicros time) const;
  IdSet::Day Horizon(TimeMicros now) const;

  // engine_open.cc
  absl::Status LoadWorkspaces();
  absl::StatusOr<std::unique_ptr<Workspace>> OpenWorkspace(store::v1::WorkspaceRecord record);
  absl::Status LoadIds(const store::GenerationHandle& generation);
  void SetLateBefore(Workspace& workspace, const store::GenerationHandle& generation);
  std::shared_ptr<TailSet> NewTails(store::Sequence base) const;
  // Reads log entries after `after` into the tails (and the ids); answers the last one read.
  struct ReplayTarget {
    TailSet& tails;
    bool with_ids = false;
  };
  absl::StatusOr<store::Sequence> Replay(store::Sequence after, ReplayTarget target);

  // ingest_writer.cc
  void Run();
  std::vector<std::unique_ptr<Prepared>> TakeGroup();
  void Process(std::vector<std::unique_ptr<Prepared>>& group);
  void DropRetired();
};

// The newest tails that hold everything after `sequence`, else the oldest there are.
const TailSet& TailsFor(const View& view, store::Sequence sequence);
store::Sequence SequenceOf(const store::GenerationHandle& generation);

}  // namespace rapport::events

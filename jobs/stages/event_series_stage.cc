// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/event_series_stage.h"

#include <algorithm>
#include <map>

#include "jobs/pipeline/customer_source.h"
#include "jobs/pipeline/writer.h"
#include "jobs/stages/log_events.h"
#include "jobs/stages/series_rows.h"
#include "lib/base/status_macros.h"

namespace rapport::jobs {
namespace {

// Event cells up to as_of, and how many events are later.
struct EventCells {
  metrics::CellSums cells;
  int64_t left_out = 0;

  void Add(const facts::Settings& settings, std::span<const facts::EventColumns> events,
           TimeMicros as_of) {
    facts::AddEventCells(settings, events, as_of, cells);
    left_out += std::count_if(events.begin(), events.end(),
                              [&](const facts::EventColumns& event) { return event.time > as_of; });
  }
  void Merge(const EventCells& other) {
    cells.Merge(other.cells);
    left_out += other.left_out;
  }
};

class EventSeriesStep final : public ShardStep {
 public:
  EventSeriesStep(const Run& run, const Shard& shard)
      : as_of_(run.as_of()), workspace_(*shard.workspace) {}

  absl::Status Customer(const CustomerView& view) override {
    if (workspace_.recount_events) sums_.Add(workspace_.settings, view.events, as_of_);
    return absl::OkStatus();
  }
  const EventCells& sums() const { return sums_; }

 private:
  const TimeMicros as_of_;
  const WorkspaceRun& workspace_;
  EventCells sums_;
};

class EventSeriesStage final : public Stage {
 public:
  std::string_view name() const override { return "event_series"; }
  std::vector<std::string_view> needs() const override { return {"seal"}; }
  Source source() const override { return Source::kEvents; }

  absl::Status Begin(Run& run) override {
    bool any_kept = false;
    for (const WorkspaceRun& workspace : run.workspaces) {
      if (workspace.recount_events) continue;
      any_kept = true;
      RETURN_IF_ERROR(TakeCellsBefore(run, workspace.number));
    }
    return any_kept ? AddLoggedEvents(run) : absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard& shard) override {
    return std::make_unique<EventSeriesStep>(run, shard);
  }
  absl::Status Merge(Run&, const Shard& shard, ShardStep& step) override {
    sums_[shard.workspace->number].Merge(static_cast<const EventSeriesStep&>(step).sums());
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (const WorkspaceRun& workspace : run.workspaces) {
      EventCells& sums = sums_[workspace.number];
      run.workspace_state(workspace.number).set_left_out_event_count(sums.left_out);
      ASSIGN_OR_RETURN(const int64_t written,
                       WriteCells(run, workspace.number, "events", sums.cells));
      rows += written;
      sums = {};
    }
    return rows;
  }

 private:
  absl::Status TakeCellsBefore(const Run& run, uint32_t workspace_no) {
    EventCells& sums = sums_[workspace_no];
    const auto before = run.base->workspaces().find(workspace_no);
    if (before != run.base->workspaces().end()) {
      sums.left_out = before->second.left_out_event_count();
    }
    return ReadEventCells(
        run, run.base_version(), workspace_no, 0,
        [&](const metrics::CellKey& key, const metrics::Cell& cell) { sums.cells.Add(key, cell); });
  }

  absl::Status AddLoggedEvents(const Run& run) {
    std::map<uint32_t, const WorkspaceRun*> kept;
    for (const WorkspaceRun& workspace : run.workspaces) {
      if (!workspace.recount_events) kept[workspace.number] = &workspace;
    }
    std::vector<facts::EventColumns> columns;
    return VisitLogBatches(run, FirstUnsealed(run), [&](const events::Batch& batch) {
      const auto workspace = kept.find(batch.workspace_no);
      if (workspace == kept.end()) return;
      columns.clear();
      for (const events::EventRow& row : batch.rows) columns.push_back(ColumnsOf(row));
      // In the order of time, as everywhere where cells are counted.
      std::sort(columns.begin(), columns.end(),
                [](const auto& a, const auto& b) { return a.time < b.time; });
      sums_[batch.workspace_no].Add(workspace->second->settings, columns, run.as_of());
    });
  }

  std::map<uint32_t, EventCells> sums_;
};

}  // namespace

std::unique_ptr<Stage> NewEventSeriesStage() { return std::make_unique<EventSeriesStage>(); }

}  // namespace rapport::jobs

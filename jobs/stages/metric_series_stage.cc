// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/metric_series_stage.h"

#include <charconv>
#include <deque>
#include <utility>

#include "jobs/pipeline/writer.h"
#include "jobs/stages/metric_scope.h"
#include "jobs/stages/report_stage.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/customer_pass.h"
#include "lib/events/merge_rows.h"
#include "lib/metrics/measure_cells.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

using metrics::MeasureSums;

// Payloads of the customer a walk stands on.
class WalkPayloads final : public filter::PayloadSource {
 public:
  explicit WalkPayloads(events::CustomerWalk& walk) : walk_(walk) {}
  const store::v1::EventPayload* At(size_t index) override {
    auto payload = walk_.Payload(index);
    if (!payload.ok()) {
      status_.Update(payload.status());
      return nullptr;
    }
    payload_ = *std::move(payload);
    return &payload_;
  }
  const absl::Status& status() const { return status_; }

 private:
  events::CustomerWalk& walk_;
  store::v1::EventPayload payload_;
  absl::Status status_;
};

// Sums of all metrics over the customers one thread sees.
class MeasureStep final : public events::PassStep {
 public:
  explicit MeasureStep(const std::vector<metrics::CompiledMetric>& compiled)
      : scope_(compiled.front().scope()), sums_(compiled.size()) {
    for (const metrics::CompiledMetric& metric : compiled) cells_.emplace_back(metric);
  }
  absl::Status Customer(events::CustomerWalk& walk) override {
    WalkPayloads payloads(walk);
    metrics::CustomerInput input;
    input.customer_no = walk.customer_no();
    input.events = walk.events();
    input.payloads = &payloads;
    filter::StandardTypes types;
    for (const EventColumns& event : input.events) types.Add(event.type);
    input.types = &types;
    const std::vector<TimeMicros> membership = metrics::MembershipOf(scope_, input.events);
    input.membership = &membership;
    for (size_t i = 0; i < cells_.size(); ++i) cells_[i].Customer(input, 1, sums_[i]);
    return payloads.status();
  }
  std::vector<MeasureSums>& sums() { return sums_; }

 private:
  const metrics::Scope& scope_;
  std::deque<metrics::MeasureCells> cells_;  // They do not move.
  std::vector<MeasureSums> sums_;
};

// Definitions that cannot be computed now (a custom type that went, say) are passed over:
// they are answered by scans or refused when asked for.
// The compiled ones point to `in`.
std::vector<metrics::CompiledMetric> CompileMetrics(const Run& run, const WorkspaceRun& workspace,
                                                    const MetricScope& in) {
  std::vector<metrics::CompiledMetric> all;
  WorkspaceState& state = run.workspace_state(workspace.number);
  state.clear_measured_metrics();
  for (const v1::MetricDefinition& definition : in.registry.definitions()) {
    auto compiled = metrics::CompiledMetric::Create(definition, in.scope);
    if (!compiled.ok()) {
      Log(LogLevel::kWarning, "metric is not stored",
          {{"metric", definition.metric()}, {"error", compiled.status().ToString()}});
      continue;
    }
    if (!metrics::HasMeasureCells(*compiled)) continue;
    const std::string text = metrics::FingerprintOf(compiled->definition(), in.scope);
    uint64_t fingerprint = 0;
    std::from_chars(text.data(), text.data() + text.size(), fingerprint, 16);
    auto& measured = *state.add_measured_metrics();
    measured.set_metric(definition.metric());
    measured.set_fingerprint(fingerprint);
    measured.set_number(static_cast<uint32_t>(state.measured_metrics_size()));
    all.push_back(*std::move(compiled));
  }
  return all;
}

events::ScanGround GroundOf(const Run& run, const WorkspaceRun& workspace) {
  events::ScanGround ground;
  ground.dataset = &run.store->dataset();
  ground.segments = run.segments();
  ground.workspace_no = workspace.number;
  ground.aliases = workspace.aliases;
  ground.until = run.as_of();
  ground.last_customer_no = workspace.last_customer_no;
  return ground;
}

absl::StatusOr<std::vector<MeasureSums>> Measure(
    const Run& run, const WorkspaceRun& workspace,
    const std::vector<metrics::CompiledMetric>& compiled) {
  std::vector<MeasureSums> sums(compiled.size());
  if (compiled.empty() || workspace.last_customer_no == 0) return sums;
  const events::ScanGround ground = GroundOf(run, workspace);
  events::PassOptions options;
  options.threads = run.threads;
  const auto done = events::ScanCustomersByThread(
      ground, options, [&] { return std::make_unique<MeasureStep>(compiled); },
      [&](events::PassStep& step) {
        auto& of_step = static_cast<MeasureStep&>(step).sums();
        for (size_t i = 0; i < sums.size(); ++i) sums[i].Merge(of_step[i]);
        return absl::OkStatus();
      });
  RETURN_IF_ERROR(done.status());
  return sums;
}

absl::StatusOr<int64_t> Write(Run& run, uint32_t workspace_no,
                              const std::vector<MeasureSums>& sums) {
  ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kSeries,
                                                Cat("w", workspace_no, "-measures")));
  for (size_t i = 0; i < sums.size(); ++i) {
    for (const auto& [key, sum] : sums[i].Sorted()) {
      const store::SeriesKey row{
          .workspace_no = workspace_no,
          .family = static_cast<uint8_t>(metrics::SeriesFamily::kMeasures),
          .event_type = metrics::MeasureType(static_cast<uint32_t>(i + 1), key.granularity),
          .day = key.day,
          .channel = key.channel,
          .touchpoint_no = key.touchpoint_no,
          .campaign_no = key.campaign_no};
      RETURN_IF_ERROR(writer->Add(row.Encode(), sum->Encode()));
    }
  }
  RETURN_IF_ERROR(writer->Finish());
  RETURN_IF_ERROR(RecordFile(run, writer->file()));
  return static_cast<int64_t>(writer->file().row_count);
}

class MetricSeriesStage final : public Stage {
 public:
  std::string_view name() const override { return "metric_series"; }
  std::vector<std::string_view> needs() const override { return {"seal"}; }
  Source source() const override { return Source::kNone; }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (const WorkspaceRun& workspace : run.workspaces) {
      ASSIGN_OR_RETURN(const auto scope, LoadMetricScope(run, workspace));
      const auto compiled = CompileMetrics(run, workspace, *scope);
      ASSIGN_OR_RETURN(const auto sums, Measure(run, workspace, compiled));
      ASSIGN_OR_RETURN(const int64_t written, Write(run, workspace.number, sums));
      rows += written;
      for (events::MergeRow& row : events::EncodeMerges(workspace.aliases)) {
        AddReport(run, workspace.number, row.report, std::move(row.bytes));
      }
    }
    return rows;
  }
};

}  // namespace

std::unique_ptr<Stage> NewMetricSeriesStage() { return std::make_unique<MetricSeriesStage>(); }

}  // namespace rapport::jobs

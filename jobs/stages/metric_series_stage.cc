// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/metric_series_stage.h"

#include <charconv>
#include <map>
#include <utility>

#include "jobs/pipeline/writer.h"
#include "jobs/stages/measure_pass.h"
#include "jobs/stages/metric_scope.h"
#include "jobs/stages/report_stage.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/merge_rows.h"
#include "lib/metrics/measure_cells.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

using metrics::MeasureSums;

using Numbers = std::map<uint64_t, uint32_t>;  // By fingerprint.

// The numbers of the generation before's sums, if they can be taken up: nothing it left out has
// come, and not most customers have changed.
Numbers NumbersBefore(const Run& run, const WorkspaceRun& workspace) {
  Numbers numbers;
  if (workspace.refold_all || workspace.recount_events) return numbers;
  if (workspace.changed.size() > workspace.last_customer_no / 2) return numbers;
  const auto before = run.base->workspaces().find(workspace.number);
  if (before == run.base->workspaces().end()) return numbers;
  for (const auto& measured : before->second.measured_metrics()) {
    numbers[measured.fingerprint()] = measured.number();
  }
  return numbers;
}

// Definitions that cannot be computed now (a custom type that went, say) are passed over:
// they are answered by scans or refused when asked for. Metrics of one fingerprint share
// their sums. The measures point to `in`.
std::vector<StoredMeasure> CompileMetrics(const Run& run, const WorkspaceRun& workspace,
                                          const MetricScope& in) {
  std::vector<StoredMeasure> all;
  const Numbers before = NumbersBefore(run, workspace);
  Numbers now;
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
    const auto [number, first] = now.try_emplace(fingerprint, all.size() + 1);
    auto& measured = *state.add_measured_metrics();
    measured.set_metric(definition.metric());
    measured.set_fingerprint(fingerprint);
    measured.set_number(number->second);
    if (!first) continue;
    StoredMeasure& measure = all.emplace_back(*std::move(compiled), std::nullopt);
    // Engagement decays towards as_of: every customer's share moves with it.
    const auto kept = before.find(fingerprint);
    const bool moves = measure.metric.shape() == metrics::Shape::kEngaged;
    if (!moves && kept != before.end()) measure.number_before = kept->second;
  }
  return all;
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
      const auto measures = CompileMetrics(run, workspace, *scope);
      ASSIGN_OR_RETURN(const auto sums, SumMeasures(run, workspace, measures));
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

// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/report_stage.h"

#include <map>

#include "jobs/pipeline/writer.h"
#include "lib/base/status_macros.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

class ReportStage final : public Stage {
 public:
  std::string_view name() const override { return "reports"; }
  std::vector<std::string_view> needs() const override {
    return {"base_reports", "predict", "facts", "metric_series", "frameworks"};
  }
  Source source() const override { return Source::kNone; }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    std::map<std::string, std::string_view> rows;
    for (const WorkspaceProgress& progress : run.state->workspaces()) {
      for (const auto& row : progress.reports()) {
        rows[store::ReportKey{progress.workspace_no(), row.report()}.Encode()] = row.message();
      }
    }
    ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kReports, "all"));
    for (const auto& [key, message] : rows) RETURN_IF_ERROR(writer->Add(key, message));
    RETURN_IF_ERROR(writer->Finish());
    RETURN_IF_ERROR(RecordFile(run, writer->file()));
    return static_cast<int64_t>(rows.size());
  }
};

}  // namespace

std::unique_ptr<Stage> NewReportStage() { return std::make_unique<ReportStage>(); }

void AddReport(Run& run, uint32_t workspace_no, std::string_view name, std::string message) {
  auto& row = *run.progress(workspace_no).add_reports();
  row.set_report(std::string(name));
  row.set_message(std::move(message));
}

}  // namespace rapport::jobs

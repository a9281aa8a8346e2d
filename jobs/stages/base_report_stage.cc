// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/base_report_stage.h"

#include <map>

#include "jobs/stages/report_stage.h"
#include "lib/facts/reports.h"

namespace rapport::jobs {
namespace {

class BaseReportStep final : public ShardStep {
 public:
  BaseReportStep(const Run& run, const Shard& shard)
      : reports_(shard.workspace->settings, run.as_of()) {}

  absl::Status Customer(const CustomerView& view) override {
    reports_.Add(*view.fold, *view.projection);
    return absl::OkStatus();
  }
  const facts::BaseReports& reports() const { return reports_; }

 private:
  facts::BaseReports reports_;
};

class BaseReportStage final : public Stage {
 public:
  std::string_view name() const override { return "base_reports"; }
  std::vector<std::string_view> needs() const override { return {"fold"}; }
  Source source() const override { return Source::kFolds; }

  absl::Status Begin(Run& run) override {
    for (const WorkspaceRun& workspace : run.workspaces) {
      reports_.try_emplace(workspace.number, workspace.settings, run.as_of());
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard& shard) override {
    return std::make_unique<BaseReportStep>(run, shard);
  }
  absl::Status Merge(Run&, const Shard& shard, ShardStep& step) override {
    reports_.at(shard.workspace->number).Merge(static_cast<BaseReportStep&>(step).reports());
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (const auto& [workspace_no, reports] : reports_) {
      for (auto& [name, message] : reports.Finish()) {
        AddReport(run, workspace_no, name, std::move(message));
        ++rows;
      }
    }
    return rows;
  }

 private:
  std::map<uint32_t, facts::BaseReports> reports_;
};

}  // namespace

std::unique_ptr<Stage> NewBaseReportStage() { return std::make_unique<BaseReportStage>(); }

}  // namespace rapport::jobs

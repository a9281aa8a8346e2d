// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/facts_stage.h"

#include <map>

#include "jobs/pipeline/writer.h"
#include "jobs/stages/report_stage.h"
#include "jobs/stages/scorer_pool.h"
#include "lib/base/status_macros.h"
#include "lib/facts/reports.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

class FactsStep final : public ShardStep {
 public:
  FactsStep(const Run& run, const WorkspaceRun& workspace, ScorerPool& pool,
            std::unique_ptr<RowWriter> writer)
      : as_of_(run.as_of()),
        workspace_(workspace),
        pool_(pool),
        scorer_(pool.Take(run, workspace)),
        writer_(std::move(writer)),
        totals_(ModelOf(run, workspace)) {}

  absl::Status Customer(const CustomerView& view) override {
    facts::AddSignals(workspace_.settings, *view.fold, as_of_, *view.projection);
    const facts::ScoredValue scored = scorer_->Score(*view.projection);
    totals_.Add(view.projection->facts, scored);
    bytes_.clear();
    view.projection->facts.AppendToString(&bytes_);
    return writer_->Add(store::CustomerKey{workspace_.number, view.customer_no}.Encode(), bytes_);
  }
  absl::Status End() override {
    pool_.Return(workspace_, std::move(scorer_));
    return writer_->Finish();
  }

  const facts::ValueTotals& totals() const { return totals_; }
  const store::DatasetFile& file() const { return writer_->file(); }

 private:
  const TimeMicros as_of_;
  const WorkspaceRun& workspace_;
  ScorerPool& pool_;
  std::unique_ptr<facts::Scorer> scorer_;
  std::unique_ptr<RowWriter> writer_;
  facts::ValueTotals totals_;
  std::string bytes_;
};

class FactsStage final : public Stage {
 public:
  std::string_view name() const override { return "facts"; }
  std::vector<std::string_view> needs() const override { return {"fold", "predict"}; }
  Source source() const override { return Source::kFolds; }

  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard& shard) override {
    ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kFacts, shard.label));
    return std::make_unique<FactsStep>(run, *shard.workspace, pool_, std::move(writer));
  }
  absl::Status Merge(Run& run, const Shard& shard, ShardStep& step) override {
    auto& facts_step = static_cast<FactsStep&>(step);
    TotalsOf(run, *shard.workspace).Merge(facts_step.totals());
    rows_ += static_cast<int64_t>(facts_step.file().row_count);
    return RecordFile(run, facts_step.file());
  }
  absl::StatusOr<int64_t> Finish(Run& run) override {
    for (const WorkspaceRun& workspace : run.workspaces) {
      const v1::ValueReport report = TotalsOf(run, workspace).Finish(workspace.settings);
      AddReport(run, workspace.number, facts::kValueReport, report.SerializeAsString());
    }
    return rows_;
  }

 private:
  facts::ValueTotals& TotalsOf(const Run& run, const WorkspaceRun& workspace) {
    return totals_.try_emplace(workspace.number, ModelOf(run, workspace)).first->second;
  }

  ScorerPool pool_;
  std::map<uint32_t, facts::ValueTotals> totals_;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<Stage> NewFactsStage() { return std::make_unique<FactsStage>(); }

}  // namespace rapport::jobs

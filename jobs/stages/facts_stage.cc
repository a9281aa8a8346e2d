// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/facts_stage.h"

#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "jobs/pipeline/writer.h"
#include "jobs/stages/report_stage.h"
#include "lib/base/status_macros.h"
#include "lib/facts/reports.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

// Scorers keep curves that are dear to compute, so shards hand them on. Their answers do
// not depend on what they scored before. Thread-safe.
class ScorerPool {
 public:
  std::unique_ptr<facts::Scorer> Take(const Run& run, const WorkspaceRun& workspace) {
    {
      const absl::MutexLock lock(&mutex_);
      auto& idle = idle_[workspace.number];
      if (!idle.empty()) {
        auto scorer = std::move(idle.back());
        idle.pop_back();
        return scorer;
      }
    }
    static const auto& kNoModel = *new facts::WorkspaceModel;
    const auto& models = run.state->manifest().models();
    const auto model = models.find(workspace.number);
    return std::make_unique<facts::Scorer>(workspace.settings,
                                           model == models.end() ? kNoModel : model->second);
  }
  void Return(const WorkspaceRun& workspace, std::unique_ptr<facts::Scorer> scorer) {
    const absl::MutexLock lock(&mutex_);
    idle_[workspace.number].push_back(std::move(scorer));
  }

 private:
  absl::Mutex mutex_;
  std::map<uint32_t, std::vector<std::unique_ptr<facts::Scorer>>> idle_ ABSL_GUARDED_BY(mutex_);
};

class FactsStep final : public ShardStep {
 public:
  FactsStep(const WorkspaceRun& workspace, ScorerPool& pool, std::unique_ptr<facts::Scorer> scorer,
            std::unique_ptr<RowWriter> writer)
      : workspace_(workspace),
        pool_(pool),
        scorer_(std::move(scorer)),
        writer_(std::move(writer)) {}

  absl::Status Customer(const CustomerView& view) override {
    scorer_->Score(*view.projection);
    totals_.Add(view.projection->facts);
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
  std::vector<std::string_view> needs() const override { return {"fold", "value_fit"}; }
  Source source() const override { return Source::kFolds; }

  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard& shard) override {
    ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kFacts, shard.label));
    return std::make_unique<FactsStep>(*shard.workspace, pool_, pool_.Take(run, *shard.workspace),
                                       std::move(writer));
  }
  absl::Status Merge(Run& run, const Shard& shard, ShardStep& step) override {
    auto& facts_step = static_cast<FactsStep&>(step);
    totals_[shard.workspace->number].Merge(facts_step.totals());
    rows_ += static_cast<int64_t>(facts_step.file().row_count);
    return RecordFile(run, facts_step.file());
  }
  absl::StatusOr<int64_t> Finish(Run& run) override {
    for (const WorkspaceRun& workspace : run.workspaces) {
      const v1::ValueReport report = totals_[workspace.number].Finish(workspace.settings);
      AddReport(run, workspace.number, facts::kValueReport, report.SerializeAsString());
    }
    return rows_;
  }

 private:
  ScorerPool pool_;
  std::map<uint32_t, facts::ValueTotals> totals_;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<Stage> NewFactsStage() { return std::make_unique<FactsStage>(); }

}  // namespace rapport::jobs

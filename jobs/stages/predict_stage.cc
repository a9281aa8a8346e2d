// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/predict_stage.h"

#include <map>
#include <utility>

#include "jobs/stages/report_stage.h"
#include "jobs/stages/scorer_pool.h"
#include "lib/facts/classifiers.h"
#include "lib/facts/reports.h"

namespace rapport::jobs {
namespace {

class PredictStep final : public ShardStep {
 public:
  PredictStep(const WorkspaceRun& workspace, ScorerPool& pool,
              std::unique_ptr<facts::Scorer> scorer, const facts::ClassifierSample& empty)
      : workspace_(workspace), pool_(pool), scorer_(std::move(scorer)), sample_(empty) {}

  absl::Status Customer(const CustomerView& view) override {
    sample_.Add(view.customer_no, *view.fold, *scorer_, view.projection->attributes);
    return absl::OkStatus();
  }
  absl::Status End() override {
    pool_.Return(workspace_, std::move(scorer_));
    return absl::OkStatus();
  }
  const facts::ClassifierSample& sample() const { return sample_; }

 private:
  const WorkspaceRun& workspace_;
  ScorerPool& pool_;
  std::unique_ptr<facts::Scorer> scorer_;
  facts::ClassifierSample sample_;
};

class PredictStage final : public Stage {
 public:
  std::string_view name() const override { return "predict"; }
  std::vector<std::string_view> needs() const override { return {"fold", "value_fit"}; }
  Source source() const override { return Source::kFolds; }

  absl::Status Begin(Run& run) override {
    for (const WorkspaceRun& workspace : run.workspaces) {
      const CivilDays as_of_day = workspace.settings.calendar.DayOf(run.as_of());
      const facts::ClassifierSample empty(workspace.settings, as_of_day,
                                          run.progress(workspace.number).folded_customer_count());
      empty_.emplace(workspace.number, empty);
      samples_.emplace(workspace.number, empty);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard& shard) override {
    const WorkspaceRun& workspace = *shard.workspace;
    return std::make_unique<PredictStep>(workspace, pool_, pool_.Take(run, workspace),
                                         empty_.at(workspace.number));
  }
  absl::Status Merge(Run&, const Shard& shard, ShardStep& step) override {
    samples_.at(shard.workspace->number).Merge(static_cast<PredictStep&>(step).sample());
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (const WorkspaceRun& workspace : run.workspaces) {
      const facts::ClassifierSample& sample = samples_.at(workspace.number);
      const WorkspaceProgress& progress = run.progress(workspace.number);
      facts::WorkspaceModel& model = (*run.manifest().mutable_models())[workspace.number];
      rows += sample.size();
      if (progress.has_orders()) {
        sample.Train(progress.first_order_day(), ModelBefore(run, workspace.number), model);
      }
      // Drift compares nights, so it stays out of the datasets, whose bytes depend on the
      // events alone; readers take it from the manifest.
      v1::ValueModel report = model.value_model();
      report.clear_drift();
      AddReport(run, workspace.number, facts::kValueModelReport, report.SerializeAsString());
    }
    samples_.clear();
    return rows;
  }

 private:
  ScorerPool pool_;
  std::map<uint32_t, facts::ClassifierSample> empty_, samples_;
};

}  // namespace

std::unique_ptr<Stage> NewPredictStage() { return std::make_unique<PredictStage>(); }

}  // namespace rapport::jobs

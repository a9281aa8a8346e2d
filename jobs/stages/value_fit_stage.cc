// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/value_fit_stage.h"

#include <algorithm>
#include <map>

#include "jobs/pipeline/parallel.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/reports.h"

namespace rapport::jobs {
namespace {

constexpr size_t kHistoriesPerPiece = 65'536;

template <typename T>
void Append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

class ValueFitStep final : public ShardStep {
 public:
  ValueFitStep(const Shard& shard, const facts::FitInput& totals)
      : settings_(shard.workspace->settings), as_of_day_(totals.as_of_day) {
    input_.holdout_start = totals.holdout_start;
  }

  absl::Status Customer(const CustomerView& view) override {
    input_.retention.Add(settings_, *view.fold, as_of_day_);
    if (!view.projection->has_orders) return absl::OkStatus();
    input_.histories.push_back(view.projection->purchases);
    input_.channels.push_back(view.projection->facts.acquisition_channel());
    input_.purchases_by_day.Add(*view.fold, as_of_day_);
    const v1::Rfm& rfm = view.projection->facts.rfm();
    input_.rfm_recency_days.push_back(rfm.recency_days());
    input_.rfm_frequency.push_back(static_cast<double>(rfm.frequency()));
    input_.rfm_monetary_micros.push_back(rfm.monetary().micros());
    const value::PurchaseHistory earlier =
        facts::HistoryAt(settings_, *view.fold, input_.holdout_start);
    if (earlier.age_days >= 0) {
      input_.calibration.push_back(earlier);
      input_.calibration_channels.push_back(view.fold->first_order_channel());
      input_.holdout_purchases.push_back(
          facts::PurchaseDaysAfter(*view.fold, input_.holdout_start));
    }
    return absl::OkStatus();
  }
  const facts::FitInput& input() const { return input_; }

 private:
  const facts::Settings& settings_;
  const CivilDays as_of_day_;
  facts::FitInput input_;
};

void AppendInput(facts::FitInput& to, const facts::FitInput& from) {
  Append(to.histories, from.histories);
  Append(to.channels, from.channels);
  Append(to.calibration, from.calibration);
  Append(to.calibration_channels, from.calibration_channels);
  to.purchases_by_day.Merge(from.purchases_by_day);
  to.retention.Merge(from.retention);
  Append(to.holdout_purchases, from.holdout_purchases);
  Append(to.rfm_recency_days, from.rfm_recency_days);
  Append(to.rfm_frequency, from.rfm_frequency);
  Append(to.rfm_monetary_micros, from.rfm_monetary_micros);
}

// Deciles need everyone's predicted value, so they are cut after the fit.
absl::Status SetDecileCuts(const Run& run, const facts::Settings& settings,
                           const facts::FitInput& input, facts::WorkspaceModel& model) {
  std::vector<int64_t> predicted(input.histories.size());
  const size_t pieces = (predicted.size() + kHistoriesPerPiece - 1) / kHistoriesPerPiece;
  RETURN_IF_ERROR(InParallel(run.threads, pieces, [&](size_t piece) {
    facts::Scorer scorer(settings, model);
    const size_t end = std::min(predicted.size(), (piece + 1) * kHistoriesPerPiece);
    for (size_t i = piece * kHistoriesPerPiece; i < end; ++i) {
      predicted[i] = scorer.PredictedMicros(input.histories[i], input.channels[i]);
    }
    return absl::OkStatus();
  }));
  const std::vector<int64_t> cuts = facts::DecileCuts(predicted);
  model.mutable_decile_cuts()->Assign(cuts.begin(), cuts.end());
  return absl::OkStatus();
}

class ValueFitStage final : public Stage {
 public:
  std::string_view name() const override { return "value_fit"; }
  std::vector<std::string_view> needs() const override { return {"fold"}; }
  Source source() const override { return Source::kFolds; }

  absl::Status Begin(Run& run) override {
    for (const WorkspaceRun& workspace : run.workspaces) {
      facts::FitInput& input = inputs_[workspace.number];
      input.as_of_day = workspace.settings.calendar.DayOf(run.as_of());
      const WorkspaceProgress& progress = run.progress(workspace.number);
      input.holdout_start = facts::HoldoutStart(
          progress.has_orders() ? progress.first_order_day() : input.as_of_day, input.as_of_day);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run&, const Shard& shard) override {
    return std::make_unique<ValueFitStep>(shard, inputs_.at(shard.workspace->number));
  }
  absl::Status Merge(Run&, const Shard& shard, ShardStep& step) override {
    AppendInput(inputs_.at(shard.workspace->number), static_cast<ValueFitStep&>(step).input());
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (const WorkspaceRun& workspace : run.workspaces) {
      facts::FitInput& input = inputs_.at(workspace.number);
      rows += static_cast<int64_t>(input.histories.size());
      input.parallel = [&run](size_t pieces, absl::FunctionRef<void(size_t)> work) {
        InParallel(run.threads, pieces, [&](size_t piece) {
          work(piece);
          return absl::OkStatus();
        }).IgnoreError();  // The work has no errors.
      };
      facts::WorkspaceModel model = facts::FitModel(workspace.settings, input, run.as_of(),
                                                    ModelBefore(run, workspace.number));
      model.mutable_value_model()->set_name(Cat(workspace.name, "/valueModel"));
      RETURN_IF_ERROR(SetDecileCuts(run, workspace.settings, input, model));
      (*run.manifest().mutable_models())[workspace.number] = std::move(model);
      input = {};
    }
    return rows;
  }

 private:
  static const facts::WorkspaceModel* ModelBefore(const Run& run, uint32_t workspace_no) {
    if (run.base == nullptr) return nullptr;
    const auto before = run.base->models().find(workspace_no);
    return before == run.base->models().end() ? nullptr : &before->second;
  }

  std::map<uint32_t, facts::FitInput> inputs_;
};

}  // namespace

std::unique_ptr<Stage> NewValueFitStage() { return std::make_unique<ValueFitStage>(); }

}  // namespace rapport::jobs

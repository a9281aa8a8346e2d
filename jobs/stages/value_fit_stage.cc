// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/value_fit_stage.h"

#include <algorithm>
#include <map>
#include <span>

#include "jobs/pipeline/parallel.h"
#include "jobs/stages/scorer_pool.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/reports.h"
#include "lib/facts/subscriptions.h"

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
    input_.attributes = facts::AttributeColumns(totals.attributes.keys());
  }

  absl::Status Customer(const CustomerView& view) override {
    input_.retention.Add(settings_, *view.fold, as_of_day_);
    AddSubscriptions(view);
    if (!view.projection->has_orders) return absl::OkStatus();
    input_.histories.push_back(view.projection->purchases);
    input_.channels.push_back(view.projection->facts.acquisition_channel());
    input_.attributes.Add(view.projection->attributes);
    input_.purchases_by_day.Add(*view.fold, as_of_day_);
    const v1::Rfm& rfm = view.projection->facts.rfm();
    input_.rfm_recency_days.push_back(rfm.recency_days());
    input_.rfm_frequency.push_back(static_cast<double>(rfm.frequency()));
    input_.rfm_monetary_micros.push_back(rfm.monetary().micros());
    const value::PurchaseHistory earlier =
        facts::HistoryAt(settings_, *view.fold, input_.holdout_start);
    if (earlier.age_days >= 0) {
      input_.calibration.push_back(earlier);
      input_.calibration_rows.push_back(static_cast<uint32_t>(input_.histories.size() - 1));
      input_.holdout_purchases.push_back(
          facts::PurchaseDaysAfter(*view.fold, input_.holdout_start));
    }
    return absl::OkStatus();
  }
  const facts::FitInput& input() const { return input_; }

 private:
  // Before the customer's history is added.
  void AddSubscriptions(const CustomerView& view) {
    auto subscriptions = facts::SubscriptionsAt(settings_, *view.fold, as_of_day_);
    if (subscriptions.empty()) return;
    const auto place =
        view.projection->has_orders ? static_cast<int64_t>(input_.histories.size()) : -1;
    input_.subscribers.emplace_back(place, std::move(subscriptions));
  }

  const facts::Settings& settings_;
  const CivilDays as_of_day_;
  facts::FitInput input_;
};

void AppendInput(facts::FitInput& to, const facts::FitInput& from) {
  const auto before = static_cast<uint32_t>(to.histories.size());
  for (const uint32_t row : from.calibration_rows) to.calibration_rows.push_back(before + row);
  for (const auto& [place, subscriptions] : from.subscribers) {
    to.subscribers.emplace_back(place < 0 ? -1 : int64_t{before} + place, subscriptions);
  }
  Append(to.histories, from.histories);
  Append(to.channels, from.channels);
  Append(to.calibration, from.calibration);
  to.attributes.Append(from.attributes);
  to.purchases_by_day.Merge(from.purchases_by_day);
  to.retention.Merge(from.retention);
  Append(to.holdout_purchases, from.holdout_purchases);
  Append(to.rfm_recency_days, from.rfm_recency_days);
  Append(to.rfm_frequency, from.rfm_frequency);
  Append(to.rfm_monetary_micros, from.rfm_monetary_micros);
}

using Subscriptions = std::span<const facts::Subscription>;
constexpr Subscriptions kNone;

// Those of input.histories, by place; empty when nobody of them has any.
std::vector<Subscriptions> SubscriptionsOf(const facts::FitInput& input) {
  std::vector<Subscriptions> subscriptions;
  for (const auto& [place, of_customer] : input.subscribers) {
    if (place < 0) continue;
    subscriptions.resize(input.histories.size());
    subscriptions[static_cast<size_t>(place)] = of_customer;
  }
  return subscriptions;
}

// Predicted values of those who subscribed without an order.
void AppendSubscribers(const facts::FitInput& input, facts::Scorer& scorer,
                       std::vector<int64_t>& predicted) {
  for (const auto& [place, subscriptions] : input.subscribers) {
    if (place < 0) predicted.push_back(scorer.PredictedMicros(subscriptions));
  }
}

// Deciles need everyone's predicted value, so they are cut after the fit, by the model that
// stands in the manifest.
absl::Status SetDecileCuts(Run& run, const WorkspaceRun& workspace, const facts::FitInput& input) {
  std::vector<int64_t> predicted(input.histories.size());
  const size_t pieces = (predicted.size() + kHistoriesPerPiece - 1) / kHistoriesPerPiece;
  const auto subscriptions = SubscriptionsOf(input);
  ScorerPool pool;
  RETURN_IF_ERROR(InParallel(run.threads, pieces, [&](size_t piece) {
    auto scorer = pool.Take(run, workspace);
    const size_t end = std::min(predicted.size(), (piece + 1) * kHistoriesPerPiece);
    for (size_t i = piece * kHistoriesPerPiece; i < end; ++i) {
      predicted[i] =
          scorer->PredictedMicros(input.histories[i], input.channels[i], input.attributes.At(i),
                                  subscriptions.empty() ? kNone : subscriptions[i]);
    }
    pool.Return(workspace, std::move(scorer));
    return absl::OkStatus();
  }));
  AppendSubscribers(input, *pool.Take(run, workspace), predicted);
  const std::vector<int64_t> cuts = facts::DecileCuts(predicted);
  (*run.manifest().mutable_models())[workspace.number].mutable_decile_cuts()->Assign(cuts.begin(),
                                                                                     cuts.end());
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
      input.attributes = facts::AttributeColumns(workspace.attributes.keys());
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
      (*run.manifest().mutable_models())[workspace.number] = std::move(model);
      RETURN_IF_ERROR(SetDecileCuts(run, workspace, input));
      input = {};
    }
    return rows;
  }

 private:
  std::map<uint32_t, facts::FitInput> inputs_;
};

}  // namespace

std::unique_ptr<Stage> NewValueFitStage() { return std::make_unique<ValueFitStage>(); }

}  // namespace rapport::jobs

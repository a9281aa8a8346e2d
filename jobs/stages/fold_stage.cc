// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/fold_stage.h"

#include <algorithm>
#include <map>
#include <optional>

#include "jobs/pipeline/writer.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

// What the folds of a workspace add up to.
struct FoldTotals {
  int64_t folded = 0;
  int64_t refolded = 0;
  int64_t customers = 0;  // With events up to as_of.
  int64_t events = 0;
  std::optional<CivilDays> first_order_day;

  void Add(const facts::Fold& fold) {
    ++folded;
    const int64_t count = fold.summary().event_count();
    if (count > 0) ++customers;
    events += count;
    if (fold.order_days_size() > 0) AddOrderDay(fold.order_days(0));
  }
  void Merge(const FoldTotals& other) {
    folded += other.folded;
    refolded += other.refolded;
    customers += other.customers;
    events += other.events;
    if (other.first_order_day) AddOrderDay(*other.first_order_day);
  }

 private:
  void AddOrderDay(CivilDays day) {
    first_order_day = first_order_day ? std::min(*first_order_day, day) : day;
  }
};

class FoldStep final : public ShardStep {
 public:
  FoldStep(const Run& run, const Shard& shard, std::unique_ptr<RowWriter> writer)
      : as_of_(run.as_of()), workspace_(*shard.workspace), writer_(std::move(writer)) {}

  absl::Status Customer(const CustomerView& view) override {
    const store::CustomerKey key{workspace_.number, view.customer_no};
    if (view.kept_fold.empty()) {
      const facts::Fold fold = facts::FoldEvents(workspace_.settings, view.events, as_of_);
      totals_.Add(fold);
      ++totals_.refolded;
      bytes_.clear();
      fold.AppendToString(&bytes_);
      return writer_->Add(key.Encode(), bytes_);
    }
    if (!kept_.ParseFromArray(view.kept_fold.data(), static_cast<int>(view.kept_fold.size()))) {
      return DataLoss(key.DebugString(), "a fold that does not parse");
    }
    totals_.Add(kept_);
    return writer_->Add(key.Encode(), view.kept_fold);
  }
  absl::Status End() override { return writer_->Finish(); }

  const FoldTotals& totals() const { return totals_; }
  const store::DatasetFile& file() const { return writer_->file(); }

 private:
  const TimeMicros as_of_;
  const WorkspaceRun& workspace_;
  std::unique_ptr<RowWriter> writer_;
  FoldTotals totals_;
  facts::Fold kept_;
  std::string bytes_;
};

class FoldStage final : public Stage {
 public:
  std::string_view name() const override { return "fold"; }
  std::vector<std::string_view> needs() const override { return {"seal"}; }
  Source source() const override { return Source::kEvents; }

  absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard& shard) override {
    ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kFolds, shard.label));
    return std::make_unique<FoldStep>(run, shard, std::move(writer));
  }

  absl::Status Merge(Run& run, const Shard& shard, ShardStep& step) override {
    const auto& fold_step = static_cast<const FoldStep&>(step);
    totals_[shard.workspace->number].Merge(fold_step.totals());
    return RecordFile(run, fold_step.file());
  }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (const WorkspaceRun& workspace : run.workspaces) {
      const FoldTotals& totals = totals_[workspace.number];
      WorkspaceProgress& progress = run.progress(workspace.number);
      progress.set_folded_customer_count(totals.folded);
      progress.set_refolded_customer_count(totals.refolded);
      progress.set_has_orders(totals.first_order_day.has_value());
      progress.set_first_order_day(totals.first_order_day.value_or(0));
      WorkspaceState& state = run.workspace_state(workspace.number);
      state.set_customer_count(totals.customers);
      state.set_event_count(totals.events);
      rows += totals.folded;
    }
    RETURN_IF_ERROR(TakeIn(run, {store::DatasetId::kFolds}));
    return rows;
  }

 private:
  std::map<uint32_t, FoldTotals> totals_;
};

}  // namespace

std::unique_ptr<Stage> NewFoldStage() { return std::make_unique<FoldStage>(); }

}  // namespace rapport::jobs

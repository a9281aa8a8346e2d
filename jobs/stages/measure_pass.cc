// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/measure_pass.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <span>

#include "jobs/pipeline/customer_source.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/events/customer_pass.h"
#include "lib/events/merge_rows.h"
#include "lib/metrics/measure.h"
#include "lib/metrics/series.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

using metrics::CompiledMetric;
using metrics::MeasureSums;
using Metrics = std::vector<const CompiledMetric*>;

// Sums of all metrics over the customers one thread sees.
class MeasureStep final : public events::PassStep {
 public:
  MeasureStep(const Metrics& metrics, int sign)
      : scope_(metrics.front()->scope()), sign_(sign), sums_(metrics.size()) {
    for (const CompiledMetric* metric : metrics) cells_.emplace_back(*metric);
  }
  absl::Status Customer(events::CustomerWalk& walk) override {
    metrics::CustomerInput input;
    input.customer_no = walk.customer_no();
    input.events = walk.events();
    input.payloads = &walk;
    filter::StandardTypes types;
    for (const EventColumns& event : input.events) types.Add(event.type);
    input.types = &types;
    const std::vector<TimeMicros> membership = metrics::MembershipOf(scope_, input.events);
    input.membership = &membership;
    for (size_t i = 0; i < cells_.size(); ++i) cells_[i].Customer(input, sign_, sums_[i]);
    return walk.status();
  }
  std::vector<MeasureSums>& sums() { return sums_; }

 private:
  const metrics::Scope& scope_;
  const int sign_;
  std::deque<metrics::MeasureCells> cells_;  // They do not move.
  std::vector<MeasureSums> sums_;
};

// Adds what customers give, times `sign`; only those named, if any are.
absl::Status AddCustomers(const events::ScanGround& ground, int threads, const Metrics& metrics,
                          int sign, const std::vector<CustomerNo>* only,
                          std::vector<MeasureSums>& sums) {
  if (metrics.empty() || ground.last_customer_no == 0) return absl::OkStatus();
  events::PassOptions options;
  options.threads = threads;
  if (only != nullptr) {
    options.only = *only;
    options.some = true;
  }
  return events::ScanCustomersByThread(
             ground, options, [&] { return std::make_unique<MeasureStep>(metrics, sign); },
             [&](events::PassStep& step) {
               auto& of_step = static_cast<MeasureStep&>(step).sums();
               for (size_t i = 0; i < sums.size(); ++i) sums[i].Merge(of_step[i]);
               return absl::OkStatus();
             })
      .status();
}

// The sums that the generation before stored under a number.
absl::Status AddBefore(const Run& run, uint32_t workspace_no, uint32_t number, MeasureSums& sums) {
  constexpr auto kFamily = static_cast<uint8_t>(metrics::SeriesFamily::kMeasures);
  store::SeriesKey begin{.workspace_no = workspace_no,
                         .family = kFamily,
                         .event_type = metrics::MeasureType(number, 0)};
  begin.day = INT32_MIN;
  const auto cursor = run.store->dataset().Scan(
      store::DatasetId::kSeries, run.base_version(),
      {.begin = begin.Encode(), .end = store::WorkspaceEnd(workspace_no)});
  for (; cursor->Valid(); cursor->Next()) {
    const auto key = store::SeriesKey::Decode(cursor->Key());
    if (!key) return DataLoss("series", "a key that is no series key");
    if (key->family != kFamily || key->event_type / 8 != number) break;
    ASSIGN_OR_RETURN(const metrics::Sums row, metrics::Sums::Decode(cursor->Value()));
    sums.Add({.granularity = static_cast<uint8_t>(key->event_type % 8),
              .day = key->day,
              .channel = key->channel,
              .touchpoint_no = key->touchpoint_no,
              .campaign_no = key->campaign_no},
             row);
  }
  return cursor->status();
}

events::ScanGround GroundBefore(const Run& run, const WorkspaceRun& workspace,
                                std::vector<events::Alias> merges) {
  events::ScanGround ground = SealedGround(run, workspace, run.base->as_of_micros());
  ground.segments = {run.base->segments().begin(), run.base->segments().end()};
  ground.aliases = std::move(merges);
  return ground;
}

// Who the changed customers were in the generation before.
std::vector<CustomerNo> CustomersBefore(const WorkspaceRun& workspace,
                                        const events::ScanGround& before) {
  std::vector<CustomerNo> customers = workspace.changed;
  for (const events::Alias& alias : workspace.aliases) {
    if (std::ranges::binary_search(workspace.changed, alias.survivor_no)) {
      customers.push_back(alias.customer_no);
    }
  }
  for (CustomerNo& customer_no : customers) customer_no = Survivor(before, customer_no);
  std::ranges::sort(customers);
  customers.erase(std::ranges::unique(customers).begin(), customers.end());
  return customers;
}

// Sums of the generation before, less what changed customers gave it, plus what they give.
absl::Status SumChanges(const Run& run, const WorkspaceRun& workspace, const Metrics& metrics,
                        const std::vector<uint32_t>& numbers, std::vector<MeasureSums>& sums) {
  for (size_t i = 0; i < metrics.size(); ++i) {
    RETURN_IF_ERROR(AddBefore(run, workspace.number, numbers[i], sums[i]));
  }
  if (workspace.changed.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto merges,
                   events::ReadMerges(run.store->dataset(), run.base_version(), workspace.number));
  const events::ScanGround before = GroundBefore(run, workspace, std::move(merges));
  const std::vector<CustomerNo> customers = CustomersBefore(workspace, before);
  metrics::Scope then = metrics.front()->scope();
  then.as_of = run.base->as_of_micros();
  then.event_end = then.as_of + 1;
  std::deque<CompiledMetric> compiled;
  Metrics metrics_then;
  for (const CompiledMetric* metric : metrics) {
    ASSIGN_OR_RETURN(CompiledMetric of_then, CompiledMetric::Create(metric->definition(), then));
    metrics_then.push_back(&compiled.emplace_back(std::move(of_then)));
  }
  RETURN_IF_ERROR(AddCustomers(before, run.threads, metrics_then, -1, &customers, sums));
  return AddCustomers(SealedGround(run, workspace, run.as_of()), run.threads, metrics, 1,
                      &workspace.changed, sums);
}

}  // namespace

absl::StatusOr<std::vector<MeasureSums>> SumMeasures(const Run& run, const WorkspaceRun& workspace,
                                                     const std::vector<StoredMeasure>& measures) {
  Metrics fresh, kept;
  std::vector<uint32_t> numbers;
  for (const StoredMeasure& measure : measures) {
    (measure.number_before ? kept : fresh).push_back(&measure.metric);
    if (measure.number_before) numbers.push_back(*measure.number_before);
  }
  std::vector<MeasureSums> of_fresh(fresh.size()), of_kept(kept.size());
  RETURN_IF_ERROR(AddCustomers(SealedGround(run, workspace, run.as_of()), run.threads, fresh, 1,
                               nullptr, of_fresh));
  if (!kept.empty()) {
    RETURN_IF_ERROR(SumChanges(run, workspace, kept, numbers, of_kept));
  }
  std::vector<MeasureSums> sums;
  size_t next_fresh = 0, next_kept = 0;
  for (const StoredMeasure& measure : measures) {
    sums.push_back(
        std::move(measure.number_before ? of_kept[next_kept++] : of_fresh[next_fresh++]));
  }
  return sums;
}

}  // namespace rapport::jobs

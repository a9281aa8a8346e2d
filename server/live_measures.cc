// SPDX-License-Identifier: Apache-2.0
#include "server/live_measures.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/events/customer_pass.h"
#include "server/customer_scan.h"

namespace rapport::server {
namespace {

using metrics::MeasureSums;

class ChangeStep final : public events::PassStep {
 public:
  ChangeStep(const metrics::CompiledMetric& metric, int sign) : cells_(metric), sign_(sign) {}
  absl::Status Customer(events::CustomerWalk& walk) override {
    metrics::CustomerInput input;
    input.customer_no = walk.customer_no();
    input.events = walk.events();
    input.payloads = &walk;
    cells_.Customer(input, sign_, sums);
    return walk.status();
  }
  MeasureSums sums;

 private:
  metrics::MeasureCells cells_;
  const int sign_;
};

// Adds what the customers of a ground give, times `sign`.
absl::Status AddCustomers(const CallContext& call, const events::ScanGround& ground,
                          const std::vector<uint32_t>& customers,
                          const metrics::CompiledMetric& metric, int sign, MeasureSums& sums) {
  events::PassOptions options;
  options.threads = kScanThreads;
  options.only = customers;
  options.some = true;
  options.check = [&call] { return call.Alive(); };
  return events::ScanCustomersByThread(
             ground, options, [&] { return std::make_unique<ChangeStep>(metric, sign); },
             [&](events::PassStep& step) {
               sums.Merge(static_cast<const ChangeStep&>(step).sums);
               return absl::OkStatus();
             })
      .status();
}

uint32_t SurvivorIn(const std::vector<events::Alias>& aliases, uint32_t customer_no) {
  const auto found =
      std::ranges::lower_bound(aliases, customer_no, {}, &events::Alias::customer_no);
  const bool merged = found != aliases.end() && found->customer_no == customer_no;
  return merged ? found->survivor_no : customer_no;
}

void SortUnique(std::vector<uint32_t>& customers) {
  std::ranges::sort(customers);
  customers.erase(std::ranges::unique(customers).begin(), customers.end());
}

}  // namespace

absl::StatusOr<Touched> FindTouched(const CallContext& call, const ReadPoint& at,
                                    GenerationMetrics& generation) {
  Touched touched;
  touched.live = GroundOfView(at, generation);
  if (touched.live.generation != at.generation) {
    return Aborted("GENERATION_CHANGED", "new generations came meanwhile: ask again");
  }
  touched.now = events::CustomersOfTail(touched.live);
  ASSIGN_OR_RETURN(const auto later, generation.Later(call, at.scope));
  for (const uint32_t customer_no : later->customers) {
    touched.now.push_back(Survivor(touched.live, customer_no));
  }
  // Merges since: either side's customers were others then.
  for (const events::Alias& alias : touched.live.aliases) {
    if (SurvivorIn(generation.merges(), alias.customer_no) != alias.survivor_no) {
      touched.now.push_back(alias.survivor_no);
    }
  }
  for (const events::Alias& alias : generation.merges()) {
    const uint32_t now = Survivor(touched.live, alias.customer_no);
    if (now == alias.survivor_no) continue;  // A merge taken back, or merged on.
    touched.now.push_back(now);
    touched.now.push_back(Survivor(touched.live, alias.survivor_no));
  }
  SortUnique(touched.now);
  touched.then = touched.now;
  for (const events::Alias& alias : touched.live.aliases) {
    if (!std::ranges::binary_search(touched.now, alias.survivor_no)) continue;
    touched.then.push_back(SurvivorIn(generation.merges(), alias.customer_no));
  }
  for (uint32_t& customer_no : touched.then) {
    customer_no = SurvivorIn(generation.merges(), customer_no);
  }
  SortUnique(touched.then);
  return touched;
}

absl::StatusOr<LiveChange> ChangeSince(const CallContext& call, const ReadPoint& at,
                                       GenerationMetrics& generation,
                                       const metrics::PreparedQuery& query) {
  LiveChange change;
  ASSIGN_OR_RETURN(const Touched touched, FindTouched(call, at, generation));
  change.customers = touched.now.size();
  if (touched.now.empty()) return change;
  events::ScanGround sealed =
      at.env.engine.GroundOf(at.generation, at.scope.workspace_no, events::ScanExtent::kSealed);
  sealed.aliases = generation.merges();
  metrics::Scope then = query.scope();
  then.as_of = at.generation->as_of_micros();
  then.event_end = then.as_of + 1;
  ASSIGN_OR_RETURN(const metrics::CompiledMetric metric_then,
                   metrics::CompiledMetric::Create(query.definition(), then));
  RETURN_IF_ERROR(AddCustomers(call, sealed, touched.then, metric_then, -1, change.sums));
  RETURN_IF_ERROR(AddCustomers(call, touched.live, touched.now, query.metric(), 1, change.sums));
  return change;
}

}  // namespace rapport::server

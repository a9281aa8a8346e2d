// SPDX-License-Identifier: Apache-2.0
// What the night's measures cost a customer: one benchmark per stored metric, and all of
// them one after the other.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/synthetic.h"
#include "lib/base/money.h"
#include "lib/filter/names.h"
#include "lib/lifecycle/stage.h"
#include "lib/metrics/measure_cells.h"
#include "lib/metrics/registry.h"
#include "rapport/v1/event.pb.h"

namespace rapport::bench {
namespace {

constexpr TimeMicros kAsOf = 1'740'000'000'000'000;
constexpr uint32_t kCustomers = 20'000;
constexpr size_t kBatch = 512;

std::vector<std::vector<EventColumns>> MakeTimelines() {
  std::vector<std::vector<EventColumns>> timelines(kCustomers);
  v1::Event api;
  for (const auto& event : MakeEvents(kCustomers, 20)) {
    ToApi(event, 0, api);
    EventColumns columns;
    columns.time = event.time_seconds * kMicrosPerSecond;
    columns.type = static_cast<uint16_t>(api.type());
    columns.channel = static_cast<uint8_t>(api.channel());
    columns.touchpoint_no = static_cast<uint32_t>(api.touchpoint().size());
    columns.campaign_no = static_cast<uint32_t>(api.campaign().size());
    if (api.has_order()) columns.value = api.order().amount().micros();
    if (api.has_refund()) columns.value = api.refund().amount().micros();
    if (api.has_order() || api.has_refund()) columns.currency = PackCurrency("EUR").value_or(0);
    if (api.has_survey_answer()) columns.value = api.survey_answer().score(), columns.aux = 10;
    timelines[event.customer].push_back(columns);
  }
  return timelines;
}

const std::vector<std::vector<EventColumns>>& Timelines() {
  static const auto& timelines = *new std::vector<std::vector<EventColumns>>(MakeTimelines());
  return timelines;
}

metrics::Scope MakeScope() {
  static const filter::NameLists names;
  metrics::Scope scope;
  scope.base_currency = PackCurrency("EUR").value_or(0);
  scope.rules = lifecycle::CompleteRules({});
  scope.names = &names;
  scope.as_of = kAsOf;
  scope.event_end = kAsOf + 1;
  return scope;
}

// Measures of the metrics whose name is `wanted`; all of them when it is empty.
void RunMeasures(benchmark::State& state, const std::string& wanted) {
  const metrics::Scope scope = MakeScope();
  std::vector<metrics::CompiledMetric> compiled;
  for (const auto& definition : metrics::BuiltInDefinitions()) {
    if (!wanted.empty() && definition.metric() != wanted) continue;
    auto metric = metrics::CompiledMetric::Create(definition, scope);
    if (metric.ok() && metrics::HasMeasureCells(*metric)) compiled.push_back(*std::move(metric));
  }
  std::vector<std::unique_ptr<metrics::MeasureCells>> cells;
  for (const auto& metric : compiled) {
    cells.push_back(std::make_unique<metrics::MeasureCells>(metric));
  }
  std::vector<metrics::MeasureSums> sums(compiled.size());
  uint32_t next = 0;
  for (auto _ : state) {
    std::vector<metrics::CustomerInput> inputs(kBatch);
    std::vector<filter::StandardTypes> types(kBatch);
    std::vector<std::vector<TimeMicros>> memberships(kBatch);
    for (size_t i = 0; i < kBatch; ++i) {
      const auto& timeline = Timelines()[next++ % kCustomers];
      for (const EventColumns& event : timeline) types[i].Add(event.type);
      memberships[i] = metrics::MembershipOf(scope, timeline);
      inputs[i].events = timeline;
      inputs[i].types = &types[i];
      inputs[i].membership = &memberships[i];
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      for (const auto& input : inputs) cells[i]->Customer(input, 1, sums[i]);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
}

const bool kRegistered = [] {
  benchmark::RegisterBenchmark("BM_AllMeasures", RunMeasures, std::string());
  const metrics::Scope scope = MakeScope();
  for (const auto& definition : metrics::BuiltInDefinitions()) {
    const auto metric = metrics::CompiledMetric::Create(definition, scope);
    if (!metric.ok() || !metrics::HasMeasureCells(*metric)) continue;
    benchmark::RegisterBenchmark(("BM_Measure/" + definition.metric()).c_str(), RunMeasures,
                                 definition.metric());
  }
  return true;
}();

}  // namespace
}  // namespace rapport::bench

// SPDX-License-Identifier: Apache-2.0
// One customer from events to facts: what the nightly scan pays per event.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "bench/synthetic.h"
#include "lib/base/money.h"
#include "lib/facts/facts.h"
#include "rapport/v1/event.pb.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::bench {
namespace {

constexpr TimeMicros kAsOf = 1'740'000'000'000'000;

std::vector<std::vector<facts::EventColumns>> MakeTimelines(uint32_t customers) {
  std::vector<std::vector<facts::EventColumns>> timelines(customers);
  v1::Event api;
  for (const auto& event : MakeEvents(customers, 20)) {
    ToApi(event, 0, api);
    facts::EventColumns columns;
    columns.time = event.time_seconds * 1'000'000;
    columns.type = static_cast<uint16_t>(api.type());
    columns.channel = static_cast<uint8_t>(api.channel());
    if (api.has_order()) columns.value = api.order().amount().micros();
    if (api.has_refund()) columns.value = api.refund().amount().micros();
    if (api.has_order() || api.has_refund()) columns.currency = PackCurrency("EUR").value_or(0);
    if (api.has_survey_answer()) columns.value = api.survey_answer().score(), columns.aux = 10;
    timelines[event.customer].push_back(columns);
  }
  return timelines;
}

facts::Settings MakeSettings() {
  v1::Workspace workspace;
  workspace.set_time_zone("UTC");
  workspace.set_base_currency("EUR");
  return *facts::SettingsOf(workspace);
}

void BM_FoldEvents(benchmark::State& state) {
  const auto timelines = MakeTimelines(2000);
  const auto settings = MakeSettings();
  int64_t events = 0;
  size_t next = 0;
  for (auto _ : state) {
    const auto& timeline = timelines[next++ % timelines.size()];
    benchmark::DoNotOptimize(facts::FoldEvents(settings, timeline, kAsOf));
    events += static_cast<int64_t>(timeline.size());
  }
  state.SetItemsProcessed(events);
}
BENCHMARK(BM_FoldEvents);

void BM_Project(benchmark::State& state) {
  const auto timelines = MakeTimelines(2000);
  const auto settings = MakeSettings();
  std::vector<facts::Fold> folds;
  for (const auto& timeline : timelines) {
    folds.push_back(facts::FoldEvents(settings, timeline, kAsOf));
  }
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(facts::Project(settings, folds[next++ % folds.size()], kAsOf));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Project);

void BM_AddEventCells(benchmark::State& state) {
  const auto timelines = MakeTimelines(2000);
  const auto settings = MakeSettings();
  metrics::CellSums cells;
  int64_t events = 0;
  size_t next = 0;
  for (auto _ : state) {
    const auto& timeline = timelines[next++ % timelines.size()];
    facts::AddEventCells(settings, timeline, kAsOf, cells);
    events += static_cast<int64_t>(timeline.size());
  }
  state.SetItemsProcessed(events);
}
BENCHMARK(BM_AddEventCells);

}  // namespace
}  // namespace rapport::bench

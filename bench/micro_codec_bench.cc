// SPDX-License-Identifier: Apache-2.0
// Log batches and sealed blocks: microseconds an event.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/synthetic.h"
#include "lib/base/hash.h"
#include "lib/events/batch.h"
#include "lib/events/block.h"
#include "rapport/v1/event.pb.h"

namespace rapport::bench {
namespace {

events::EventRow RowOf(const SyntheticEvent& event) {
  v1::Event api;
  ToApi(event, 0, api);
  events::EventRow row;
  row.time = event.time_seconds * 1'000'000;
  row.customer_no = event.customer + 1;
  row.type = static_cast<events::TypeNo>(api.type());
  row.channel = static_cast<uint8_t>(api.channel());
  row.value = api.has_order() ? api.order().amount().micros() : api.survey_answer().score();
  return row;
}

events::Batch MakeBatch(size_t size) {
  events::Batch batch;
  batch.workspace_no = 1;
  for (const auto& event : MakeEvents(1000, 20)) {
    if (batch.rows.size() == size) break;
    batch.rows.push_back(RowOf(event));
    batch.ids.push_back({event.customer * 0x9E3779B97F4A7C15ull, event.serial});
    batch.payloads.emplace_back();
  }
  return batch;
}

void SetEvents(benchmark::State& state, size_t each) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(each));
}

void BM_EncodeBatch(benchmark::State& state) {
  const auto batch = MakeBatch(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(EncodeBatch(batch));
  SetEvents(state, batch.rows.size());
}
BENCHMARK(BM_EncodeBatch)->Arg(100)->Arg(1000);

void BM_DecodeBatch(benchmark::State& state) {
  const auto batch = MakeBatch(1000);
  const std::string bytes = EncodeBatch(batch);
  events::Batch out;
  for (auto _ : state) {
    if (!DecodeBatch(bytes, state.range(0) != 0, out).ok()) state.SkipWithError("decode");
  }
  SetEvents(state, batch.rows.size());
  state.counters["bytes_per_event"] =
      static_cast<double>(bytes.size()) / static_cast<double>(batch.rows.size());
}
BENCHMARK(BM_DecodeBatch)->ArgName("payloads")->Arg(0)->Arg(1);

std::vector<events::EventRow> MakeBlockRows() {
  std::vector<events::EventRow> rows;
  for (const auto& event : MakeEvents(64, 20)) {
    rows.push_back(RowOf(event));
    rows.back().customer_no = 64 + event.customer;
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    if (a.customer_no != b.customer_no) return a.customer_no < b.customer_no;
    return events::TimelineLess(a, b);
  });
  return rows;
}

void BM_EncodeBlock(benchmark::State& state) {
  const auto rows = MakeBlockRows();
  for (auto _ : state) benchmark::DoNotOptimize(events::EncodeBlock(rows));
  SetEvents(state, rows.size());
}
BENCHMARK(BM_EncodeBlock);

void BM_DecodeBlock(benchmark::State& state) {
  const auto rows = MakeBlockRows();
  const std::string bytes = events::EncodeBlock(rows);
  std::vector<events::EventRow> out;
  for (auto _ : state) {
    out.clear();
    if (!events::DecodeBlock(bytes, 1, out).ok()) state.SkipWithError("decode");
  }
  SetEvents(state, rows.size());
  state.counters["bytes_per_event"] =
      static_cast<double>(bytes.size()) / static_cast<double>(rows.size());
}
BENCHMARK(BM_DecodeBlock);

}  // namespace
}  // namespace rapport::bench

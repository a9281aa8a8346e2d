// SPDX-License-Identifier: Apache-2.0
// Value models: the nightly fit over a whole base and one customer's figures.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "lib/value/bg_nbd.h"
#include "lib/value/gamma_gamma.h"

namespace rapport::bench {
namespace {

// Histories drawn from the model itself with the CDNOW parameters.
std::vector<value::PurchaseHistory> MakeHistories(size_t customers) {
  std::mt19937_64 random(1);
  std::gamma_distribution<double> rates(0.2426, 1 / 4.4136);
  std::gamma_distribution<double> ga(0.7929, 1);
  std::gamma_distribution<double> gb(2.4259, 1);
  std::uniform_real_distribution<double> uniform;
  std::vector<value::PurchaseHistory> histories;
  for (size_t i = 0; i < customers; ++i) {
    const double x = ga(random);
    const double leave = x / (x + gb(random));
    const double rate = rates(random);
    value::PurchaseHistory history;
    history.age_days = std::floor(27 * 7 + uniform(random) * 12 * 7);
    double week = 0;
    while (true) {
      week += -std::log(1 - uniform(random)) / rate;
      if (week * 7 > history.age_days) break;
      ++history.frequency;
      history.recency_days = std::ceil(week * 7);
      history.repeat_value_micros += 30'000'000 + static_cast<int64_t>(random() % 40'000'000);
      if (uniform(random) < leave) break;
    }
    histories.push_back(history);
  }
  return histories;
}

void BM_FitBgNbd(benchmark::State& state) {
  const auto histories = MakeHistories(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    const auto fit = value::FitBgNbd(histories);
    if (!fit.ok()) state.SkipWithError("fit");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_FitBgNbd)->Arg(2357)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void BM_ExpectedPurchases(benchmark::State& state) {
  const auto histories = MakeHistories(10'000);
  const auto model = value::BgNbd::Create({.r = 0.2426, .alpha = 4.4136, .a = 0.7929, .b = 2.4259});
  size_t next = 0;
  for (auto _ : state) {
    const auto& history = histories[next++ % histories.size()];
    benchmark::DoNotOptimize(model->PAlive(history));
    benchmark::DoNotOptimize(model->ExpectedPurchases(history, 365));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ExpectedPurchases);

}  // namespace
}  // namespace rapport::bench

// SPDX-License-Identifier: Apache-2.0
// Value models: the nightly fit over a whole base and one customer's figures.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "lib/value/purchase_fit.h"
#include "lib/value/purchase_forecast.h"

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

void Fit(benchmark::State& state, value::ModelKind kind) {
  const auto histories = MakeHistories(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    const auto fit = value::FitPurchases(kind, histories);
    if (!fit.ok()) state.SkipWithError("fit");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
void BM_FitBgNbd(benchmark::State& state) { Fit(state, value::ModelKind::kBgNbd); }
void BM_FitMbgNbd(benchmark::State& state) { Fit(state, value::ModelKind::kMbgNbd); }
void BM_FitParetoNbd(benchmark::State& state) { Fit(state, value::ModelKind::kParetoNbd); }
BENCHMARK(BM_FitBgNbd)->Arg(2357)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FitMbgNbd)->Arg(2357)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FitParetoNbd)->Arg(2357)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void BM_ForecastOne(benchmark::State& state) {
  const auto histories = MakeHistories(10'000);
  value::ModelParameters parameters;
  parameters.values = {0.2426, 4.4136, 0.7929, 2.4259};
  const auto model = value::MakePurchaseModel(parameters);
  size_t next = 0;
  for (auto _ : state) {
    const auto forecast =
        value::PurchaseForecast::Create(**model, histories[next++ % histories.size()]);
    benchmark::DoNotOptimize(forecast->p_alive());
    benchmark::DoNotOptimize(forecast->ExpectedPurchases(365));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ForecastOne);

}  // namespace
}  // namespace rapport::bench

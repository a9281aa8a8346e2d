// SPDX-License-Identifier: Apache-2.0
// Filters over event columns as scans ask them: time per event, of mixed types, so that
// branches are as hard to foresee as in a real scan.
#include <random>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "lib/base/money.h"
#include "lib/filter/predicate.h"
#include "rapport/v1/event.pb.h"

namespace rapport {
namespace {

std::vector<EventColumns> Events() {
  std::mt19937_64 random(1);
  constexpr std::array<uint16_t, 8> kTypes = {
      v1::EVENT_TYPE_PAGE_VIEWED,   v1::EVENT_TYPE_PAGE_VIEWED,  v1::EVENT_TYPE_PRODUCT_VIEWED,
      v1::EVENT_TYPE_SESSION_ENDED, v1::EVENT_TYPE_ORDER_PLACED, v1::EVENT_TYPE_NPS_ANSWERED,
      v1::EVENT_TYPE_EMAIL_OPENED,  v1::EVENT_TYPE_TICKET_OPENED};
  const CurrencyCode euro = *PackCurrency("EUR");
  std::vector<EventColumns> events(1 << 14);
  for (EventColumns& event : events) {
    event.time = static_cast<int64_t>(1'700'000'000 + random() % 60'000'000) * kMicrosPerSecond;
    event.type = kTypes[random() % kTypes.size()];
    event.value = static_cast<int64_t>(random() % 200) * 1'000'000;
    event.aux = static_cast<int64_t>(random() % 5000);
    event.channel = static_cast<uint8_t>(random() % 13);
    event.touchpoint_no = static_cast<uint32_t>(random() % 50);
    event.currency = euro;
  }
  return events;
}

void ColumnFilter(benchmark::State& state, const std::string& text) {
  filter::Context context;
  context.base_currency = "EUR";
  context.calendar = *Calendar::Create("Europe/Berlin", WeekStart::kMonday);
  filter::NameLists names;
  for (int i = 1; i <= 50; ++i) names.touchpoints.push_back("store_" + std::to_string(i));
  const auto expression = filter::Parse(text, filter::EventCatalogue(), context);
  if (!expression.ok()) return state.SkipWithError(expression.status().ToString().c_str());
  const filter::EventPredicate predicate = filter::Bind(*expression, names);
  const std::vector<EventColumns> events = Events();
  const filter::CustomerTruth truth;
  for (auto _ : state) {
    size_t matching = 0;
    for (const EventColumns& event : events) {
      matching += predicate.MatchesColumns(event, truth) ? 1U : 0U;
    }
    benchmark::DoNotOptimize(matching);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(events.size()));
  state.counters["ns_per_event"] = benchmark::Counter(
      static_cast<double>(events.size()) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(ColumnFilter, Type, std::string("type = order_placed"));
BENCHMARK_CAPTURE(ColumnFilter, Channel, std::string("channel = web"));
BENCHMARK_CAPTURE(ColumnFilter, TouchpointSet, std::string("touchpoint = *1"));
BENCHMARK_CAPTURE(ColumnFilter, Amount, std::string("amount > 99.50"));
BENCHMARK_CAPTURE(ColumnFilter, Value, std::string("value > 99.5"));
BENCHMARK_CAPTURE(ColumnFilter, Date, std::string("date >= 2024-06-01"));
BENCHMARK_CAPTURE(ColumnFilter, Hour, std::string("hour >= 12"));
BENCHMARK_CAPTURE(ColumnFilter, Weekday, std::string("weekday = sunday"));
BENCHMARK_CAPTURE(ColumnFilter, FourTests,
                  std::string("channel = (web OR app) AND hour >= 8 AND NOT touchpoint = store_7"));
BENCHMARK_CAPTURE(ColumnFilter, TenChannels,
                  std::string("channel = (email OR social OR web OR app OR phone OR in_person OR "
                              "chat OR sms OR push OR advertisement)"));

}  // namespace
}  // namespace rapport

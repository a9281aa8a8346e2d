// SPDX-License-Identifier: Apache-2.0
// Exchange rates: what imports refuse, and the table of every version against a map.
#include "lib/reference/exchange_rates.h"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/calendar.h"
#include "lib/base/text.h"
#include "lib/store/memory_store.h"
#include "tests/support/matchers.h"

namespace rapport::reference {
namespace {

using store::DefinitionKind;

const CurrencyCode kEur = *PackCurrency("EUR");

void AddRate(v1::ImportExchangeRatesRequest& request, const std::string& currency,
             const std::string& date, int64_t nanos) {
  v1::ExchangeRate& rate = *request.add_rates();
  rate.set_currency(currency);
  rate.set_date(date);
  rate.set_rate_nanos(nanos);
}

TEST(CheckRates, NamesTheFieldThatIsWrong) {
  struct Case {
    std::function<void(v1::ImportExchangeRatesRequest&)> change;
    const char* field;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {[](auto& r) { r.mutable_rates(3)->set_currency("usd"); }, "rates[3].currency",
       "BAD_CURRENCY"},
      {[](auto& r) { r.mutable_rates(0)->set_currency(""); }, "rates[0].currency", "BAD_CURRENCY"},
      {[](auto& r) { r.mutable_rates(1)->set_currency("DOLLAR"); }, "rates[1].currency",
       "BAD_CURRENCY"},
      {[](auto& r) { r.mutable_rates(2)->set_currency("EUR"); }, "rates[2].currency",
       "BASE_CURRENCY"},
      {[](auto& r) { r.mutable_rates(2)->set_date("2026-02-29"); }, "rates[2].date", "BAD_DATE"},
      {[](auto& r) { r.mutable_rates(2)->clear_date(); }, "rates[2].date", "REQUIRED"},
      {[](auto& r) { r.mutable_rates(2)->set_rate_nanos(0); }, "rates[2].rate_nanos",
       "NOT_POSITIVE"},
      {[](auto& r) { r.mutable_rates(1)->set_rate_nanos(-5); }, "rates[1].rate_nanos",
       "NOT_POSITIVE"},
      {[](auto& r) { *r.add_rates() = r.rates(1); }, "rates[4].date", "DUPLICATE"},
      {[](auto& r) { r.clear_rates(); }, "rates", "REQUIRED"},
      {[](auto& r) { r.set_source(std::string(257, 's')); }, "source", "TOO_LONG"},
      {[](auto& r) { r.set_source("a\nb"); }, "source", "BAD_TEXT"},
      {[](auto& r) {
         while (r.rates_size() <= 10'000) {
           AddRate(r, "GBP", FormatDate(10'000 + r.rates_size()), 1);
         }
       },
       "rates", "TOO_MANY"},
  };
  v1::ImportExchangeRatesRequest good;
  for (const char* date : {"2026-01-01", "2026-01-02", "2026-01-03", "2026-02-28"}) {
    AddRate(good, "USD", date, 920'000'000);
  }
  RAPPORT_EXPECT_OK(CheckRates(good, kEur));
  for (const Case& c : cases) {
    v1::ImportExchangeRatesRequest request = good;
    c.change(request);
    EXPECT_THAT(CheckRates(request, kEur), testing::FailsWith(c.reason, c.field));
  }
}

class RateVersions : public ::testing::Test {
 protected:
  RateImports Read() {
    const auto rows = definitions_.List(DefinitionKind::kExchangeRates);
    RAPPORT_EXPECT_OK(rows);
    auto imports = ReadRateImports(*rows);
    RAPPORT_EXPECT_OK(imports);
    return *std::move(imports);
  }
  absl::Status Import(const v1::ImportExchangeRatesRequest& request,
                      const std::string& base = "EUR") {
    v1::ExchangeRateTable added;
    added.set_base_currency(base);
    added.set_source(request.source());
    *added.mutable_rates() = request.rates();
    const auto changes = AddRates(Read(), added);
    return changes.ok() ? definitions_.Write(*changes) : changes.status();
  }

  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  store::Definitions definitions_{store_->table(store::TableId::kDefinitions), 7};
};

using Rates = std::map<std::pair<std::string, std::string>, int64_t>;

Rates RatesIn(const v1::ExchangeRateTable& table) {
  Rates rates;
  for (const v1::ExchangeRate& rate : table.rates()) {
    rates[{rate.currency(), rate.date()}] = rate.rate_nanos();
  }
  EXPECT_EQ(rates.size(), static_cast<size_t>(table.rates_size()));
  return rates;
}

// 130 imports of random rates: every kept version is what a map says, the rest are gone.
TEST_F(RateVersions, EveryKeptVersionIsTheSumOfItsImports) {
  constexpr uint64_t kSeed = 20'260'301;
  std::mt19937_64 random(kSeed);
  Rates now;
  std::vector<Rates> by_version(1);
  for (int version = 1; version <= 130; ++version) {
    v1::ImportExchangeRatesRequest request;
    request.set_source(Cat("import ", version));
    for (uint64_t i = 0; i < 1 + random() % 40; ++i) {
      const std::string currency = std::vector<std::string>{"USD", "GBP", "CHF"}[random() % 3];
      const std::string date = FormatDate(20'000 + static_cast<CivilDays>(random() % 60));
      const auto nanos = static_cast<int64_t>(1 + random() % 2'000'000'000);
      AddRate(request, currency, date, nanos);
      now[{currency, date}] = nanos;
    }
    RAPPORT_ASSERT_OK(Import(request));
    by_version.push_back(now);
  }
  const RateImports imports = Read();
  EXPECT_EQ(imports.size(), kKeptRateVersions);
  EXPECT_THAT(RatesAt(imports, 30), testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(RatesAt(imports, 131), testing::StatusIs(absl::StatusCode::kNotFound));
  for (int64_t version = 31; version <= 130; ++version) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const auto table, RatesAt(imports, version));
    EXPECT_EQ(RatesIn(table), by_version[static_cast<size_t>(version)])
        << "version " << version << " seed " << kSeed;
    EXPECT_EQ(table.version(), version);
    EXPECT_EQ(table.source(), Cat("import ", version));
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto newest, RatesAt(imports, 0));
  EXPECT_EQ(newest.version(), 130);
  const bool sorted = std::ranges::is_sorted(newest.rates(), [](const auto& a, const auto& b) {
    return std::pair(a.currency(), a.date()) < std::pair(b.currency(), b.date());
  });
  EXPECT_TRUE(sorted) << "by currency and date";
}

TEST_F(RateVersions, LargeImportsAreCutIntoChunks) {
  v1::ImportExchangeRatesRequest request;
  for (int i = 0; i < 10'000; ++i) AddRate(request, "USD", FormatDate(i), 900'000'000 + i);
  RAPPORT_ASSERT_OK(Import(request));
  const auto rows = definitions_.List(DefinitionKind::kExchangeRates);
  RAPPORT_ASSERT_OK(rows);
  EXPECT_EQ(rows->size(), 7u) << "10,000 rates in chunks of 1,500";
  for (const auto& row : *rows) EXPECT_LT(row.bytes.size(), 64u << 10);
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto table, RatesAt(Read(), 1));
  ASSERT_EQ(table.rates_size(), 10'000);
  EXPECT_EQ(table.rates(9'999).rate_nanos(), 900'009'999);
}

TEST_F(RateVersions, AnotherBaseCurrencyStartsAnew) {
  v1::ImportExchangeRatesRequest request;
  AddRate(request, "USD", "2026-01-01", 920'000'000);
  RAPPORT_ASSERT_OK(Import(request));
  request.mutable_rates(0)->set_currency("EUR");
  RAPPORT_ASSERT_OK(Import(request, "USD"));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto first, RatesAt(Read(), 1));
  EXPECT_EQ(first.base_currency(), "EUR");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto second, RatesAt(Read(), 2));
  EXPECT_EQ(second.base_currency(), "USD");
  ASSERT_EQ(second.rates_size(), 1);
  EXPECT_EQ(second.rates(0).currency(), "EUR");
}

TEST_F(RateVersions, NothingImportedIsAnEmptyTable) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto table, RatesAt(Read(), 0));
  EXPECT_EQ(table.version(), 0);
  EXPECT_EQ(table.rates_size(), 0);
  EXPECT_THAT(RatesAt(Read(), 1), testing::StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RateVersions, BrokenRowsAreDataLoss) {
  const store::DefinitionChange broken{DefinitionKind::kExchangeRates, "x", "\xff\xff"};
  RAPPORT_ASSERT_OK(definitions_.Write({&broken, 1}));
  const auto rows = definitions_.List(DefinitionKind::kExchangeRates);
  RAPPORT_ASSERT_OK(rows);
  EXPECT_THAT(ReadRateImports(*rows), testing::StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace rapport::reference

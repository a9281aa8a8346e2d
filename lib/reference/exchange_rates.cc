// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/exchange_rates.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"
#include "lib/reference/field_checks.h"

namespace rapport::reference {
namespace {

constexpr int kRatesPerChunk = 1500;  // About 40 KB.

std::string ChunkId(int64_t version, uint16_t chunk) {
  std::string id;
  PutBigEndian(id, static_cast<uint32_t>(version));
  PutBigEndian(id, chunk);
  return id;
}

int ChunkCount(const v1::ExchangeRateTable& import) {
  return std::max(1, (import.rates_size() + kRatesPerChunk - 1) / kRatesPerChunk);
}

// The sum of imports, by currency and date; head fields of the last.
v1::ExchangeRateTable SumOf(std::span<const v1::ExchangeRateTable> imports) {
  std::map<std::pair<std::string_view, std::string_view>, int64_t> rates;
  std::string_view base;
  for (const v1::ExchangeRateTable& import : imports) {
    if (import.base_currency() != base) rates.clear();
    base = import.base_currency();
    for (const v1::ExchangeRate& rate : import.rates()) {
      rates[{rate.currency(), rate.date()}] = rate.rate_nanos();
    }
  }
  v1::ExchangeRateTable sum;
  if (imports.empty()) return sum;
  const v1::ExchangeRateTable& last = imports.back();
  sum.set_base_currency(last.base_currency());
  sum.set_version(last.version());
  *sum.mutable_import_time() = last.import_time();
  sum.set_source(last.source());
  for (const auto& [place, nanos] : rates) {
    v1::ExchangeRate& rate = *sum.add_rates();
    rate.set_currency(std::string(place.first));
    rate.set_date(std::string(place.second));
    rate.set_rate_nanos(nanos);
  }
  return sum;
}

void Remove(const v1::ExchangeRateTable& import, std::vector<store::DefinitionChange>& changes) {
  for (int chunk = 0; chunk < ChunkCount(import); ++chunk) {
    changes.push_back({store::DefinitionKind::kExchangeRates,
                       ChunkId(import.version(), static_cast<uint16_t>(chunk)), std::nullopt});
  }
}

void Store(const v1::ExchangeRateTable& import, std::vector<store::DefinitionChange>& changes) {
  v1::ExchangeRateTable head = import;
  head.clear_rates();
  for (int chunk = 0; chunk < ChunkCount(import); ++chunk) {
    v1::ExchangeRateTable row = head;
    const int end = std::min(import.rates_size(), (chunk + 1) * kRatesPerChunk);
    for (int i = chunk * kRatesPerChunk; i < end; ++i) *row.add_rates() = import.rates(i);
    changes.push_back({store::DefinitionKind::kExchangeRates,
                       ChunkId(import.version(), static_cast<uint16_t>(chunk)),
                       row.SerializeAsString()});
  }
}

absl::Status CheckRate(const v1::ExchangeRate& rate, CurrencyCode base, const std::string& field) {
  const auto currency = PackCurrency(rate.currency());
  if (!currency.ok() || *currency == 0) {
    return InvalidField(Cat(field, ".currency"), "BAD_CURRENCY",
                        Cat("'", rate.currency(), "' is not an ISO 4217 code such as USD"));
  }
  if (*currency == base) {
    return InvalidField(Cat(field, ".currency"), "BASE_CURRENCY",
                        Cat(rate.currency(), " is the base currency: its rate is 1"));
  }
  RETURN_IF_ERROR(CheckDate(Cat(field, ".date"), rate.date()).status());
  if (rate.rate_nanos() > 0) return absl::OkStatus();
  return InvalidField(Cat(field, ".rate_nanos"), "NOT_POSITIVE", "must be > 0");
}

}  // namespace

absl::Status CheckRates(const v1::ImportExchangeRatesRequest& request, CurrencyCode base_currency) {
  RETURN_IF_ERROR(CheckCount("rates", request.rates_size()));
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < request.rates_size(); ++i) {
    const v1::ExchangeRate& rate = request.rates(i);
    const std::string field = Cat("rates[", i, "]");
    RETURN_IF_ERROR(CheckRate(rate, base_currency, field));
    if (!seen.emplace(rate.currency(), rate.date()).second) {
      return InvalidField(Cat(field, ".date"), "DUPLICATE",
                          Cat(rate.currency(), " has two rates on ", rate.date()));
    }
  }
  return CheckText("source", request.source(), kMaxSourceBytes);
}

absl::StatusOr<RateImports> ReadRateImports(std::span<const store::Definition> rows) {
  RateImports imports;
  for (const store::Definition& row : rows) {
    v1::ExchangeRateTable chunk;
    if (!chunk.ParseFromString(row.bytes)) {
      return DataLoss("definitions", "exchange rates that do not decode");
    }
    if (imports.empty() || imports.back().version() != chunk.version()) {
      imports.push_back(std::move(chunk));
    } else {
      imports.back().mutable_rates()->MergeFrom(chunk.rates());
    }
  }
  return imports;
}

absl::StatusOr<v1::ExchangeRateTable> RatesAt(const RateImports& imports, int64_t version) {
  if (version == 0) return SumOf(imports);
  const auto found = std::find_if(
      imports.begin(), imports.end(),
      [&](const v1::ExchangeRateTable& import) { return import.version() == version; });
  if (found == imports.end()) {
    return NotFound(Cat("version ", version, " of the exchange rates"));
  }
  return SumOf(std::span(imports).first(static_cast<size_t>(found - imports.begin()) + 1));
}

absl::StatusOr<std::vector<store::DefinitionChange>> AddRates(const RateImports& imports,
                                                              v1::ExchangeRateTable& added) {
  added.set_version(imports.empty() ? 1 : imports.back().version() + 1);
  RateImports all = imports;
  all.push_back(added);
  if (SumOf(all).rates_size() > kMaxRates) {
    return InvalidField("rates", "TOO_MANY_STORED",
                        Cat("the table would hold more than ", kMaxRates, " rates"));
  }
  std::vector<store::DefinitionChange> changes;
  if (imports.size() >= kKeptRateVersions) {
    const size_t folded = imports.size() - kKeptRateVersions + 2;
    for (size_t i = 0; i < folded; ++i) Remove(imports[i], changes);
    Store(SumOf(std::span(imports).first(folded)), changes);
  }
  Store(added, changes);
  return changes;
}

}  // namespace rapport::reference

// SPDX-License-Identifier: Apache-2.0
// The versions of a workspace's exchange rates. Every import is a version: the table of a
// version is the sum of the imports up to it, the same currency and day replaced by the
// later one. An import in another base currency starts an empty table.
//
// Rates are whole billionths of the base currency. At rest each version is what its import
// brought, in chunks; the oldest kept version holds all before it. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/money.h"
#include "lib/store/definitions.h"
#include "rapport/v1/reference.pb.h"
#include "rapport/v1/reference_service.pb.h"

namespace rapport::reference {

inline constexpr size_t kKeptRateVersions = 100;
inline constexpr int kMaxRates = 100'000;  // In one table.

// InvalidField rates[i].currency BAD_CURRENCY | BASE_CURRENCY, .date BAD_DATE | DUPLICATE,
// .rate_nanos NOT_POSITIVE; rates REQUIRED | TOO_MANY; source TOO_LONG.
absl::Status CheckRates(const v1::ImportExchangeRatesRequest& request, CurrencyCode base_currency);

// What each kept import brought, by version.
using RateImports = std::vector<v1::ExchangeRateTable>;
// DataLoss for rows that do not decode.
absl::StatusOr<RateImports> ReadRateImports(std::span<const store::Definition> rows);

// The table of a version (0: the newest), by currency and date, without `name`. NotFound
// when the version is not kept; an empty table when nothing was imported and 0 is asked.
absl::StatusOr<v1::ExchangeRateTable> RatesAt(const RateImports& imports, int64_t version);

// The rows that store `added` as the next version, and fold the oldest two versions into
// one when kKeptRateVersions are there. `added` has no version yet; it gets one. InvalidField
// rates TOO_MANY_STORED when the table would hold more than kMaxRates.
absl::StatusOr<std::vector<store::DefinitionChange>> AddRates(const RateImports& imports,
                                                              v1::ExchangeRateTable& added);

}  // namespace rapport::reference

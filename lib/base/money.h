// SPDX-License-Identifier: Apache-2.0
// Money as integer micros of a currency (1.50 EUR = 1'500'000), and ISO 4217 codes as
// small numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rapport {

using Micros = int64_t;
inline constexpr Micros kMicrosPerUnit = 1'000'000;

// "12", "-3.5", "8911407.904": exact decimal to micros, at most 6 decimals.
// InvalidArgument (BAD_AMOUNT) for anything else, OUT_OF_RANGE past +-9.2e12 units.
absl::StatusOr<Micros> ParseMoney(std::string_view text);
// Shortest exact decimal with at least two places: "12.00", "8911407.904".
std::string FormatMoney(Micros micros);

// "EUR" packed as 3 x 5 bits, 0 for none. InvalidArgument unless three capital letters.
using CurrencyCode = uint16_t;
absl::StatusOr<CurrencyCode> PackCurrency(std::string_view iso);
std::string UnpackCurrency(CurrencyCode code);

}  // namespace rapport

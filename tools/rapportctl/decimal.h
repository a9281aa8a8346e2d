// SPDX-License-Identifier: Apache-2.0
// Exact decimal numbers of input files: value = digits / 10^places. Products and sums
// stay exact; what does not fit in 18 digits or the target is an error.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/money.h"

namespace rapport::ctl {

struct Decimal {
  __int128 digits = 0;
  int places = 0;
};

// "12", "-3.50", "+1e-3". InvalidArgument (BAD_NUMBER) otherwise.
absl::StatusOr<Decimal> ParseDecimal(std::string_view text);
Decimal Product(const Decimal& x, const Decimal& y);
// <0, 0, >0; of parsed numbers, not of products.
int Compare(const Decimal& x, const Decimal& y);
// InvalidArgument (BAD_AMOUNT) if finer than a micro or out of range.
absl::StatusOr<Micros> ToMicros(const Decimal& value);
// InvalidArgument (NOT_WHOLE) unless a whole number in the range of int64.
absl::StatusOr<int64_t> ToWhole(const Decimal& value);
double ToDouble(const Decimal& value);

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/decimal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::ctl {
namespace {

constexpr int kMaxDigits = 18;

absl::Status BadNumber(std::string_view text) {
  return InvalidField("number", "BAD_NUMBER", Cat("'", text.substr(0, 40), "' is not a number"));
}

__int128 PowerOfTen(int exponent) {
  __int128 result = 1;
  for (int i = 0; i < exponent; ++i) result *= 10;
  return result;
}

// Reads "e-3" at `at`; false if broken or absurdly large.
bool ReadExponent(std::string_view text, size_t at, int& exponent) {
  bool negative = false;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  if (at == text.size() || text.size() - at > 2) return false;
  for (; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9') return false;
    exponent = exponent * 10 + (text[at] - '0');
  }
  if (negative) exponent = -exponent;
  return exponent >= -kMaxDigits && exponent <= kMaxDigits;
}

Decimal Trimmed(Decimal value) {
  while (value.places > 0 && value.digits % 10 == 0) {
    value.digits /= 10;
    --value.places;
  }
  return value;
}

}  // namespace

absl::StatusOr<Decimal> ParseDecimal(std::string_view text) {
  Decimal value;
  size_t at = 0;
  int exponent = 0;
  int significant = 0;
  bool any = false;
  bool point = false;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      value.digits = value.digits * 10 + (c - '0');
      if (value.digits != 0) ++significant;
      if (point) ++value.places;
      any = true;
      if (significant > kMaxDigits || value.places > kMaxDigits) return BadNumber(text);
    } else {
      break;
    }
  }
  if (!any) return BadNumber(text);
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return BadNumber(text);
    if (!ReadExponent(text, at + 1, exponent)) return BadNumber(text);
  }
  value.places -= exponent;
  if (value.places > kMaxDigits) return BadNumber(text);
  if (value.places < 0) {
    if (significant - value.places > kMaxDigits) return BadNumber(text);
    value.digits *= PowerOfTen(-value.places);
    value.places = 0;
  }
  if (negative) value.digits = -value.digits;
  return Trimmed(value);
}

Decimal Product(const Decimal& x, const Decimal& y) {
  return Trimmed({x.digits * y.digits, x.places + y.places});
}

int Compare(const Decimal& x, const Decimal& y) {
  // Both come from at most 18 digits and 18 places, so neither product overflows.
  const __int128 left = x.digits * PowerOfTen(std::max(0, y.places - x.places));
  const __int128 right = y.digits * PowerOfTen(std::max(0, x.places - y.places));
  return left < right ? -1 : left > right ? 1 : 0;
}

absl::StatusOr<Micros> ToMicros(const Decimal& value) {
  constexpr int kMicroPlaces = 6;
  if (value.places > kMicroPlaces) {
    return InvalidField("amount", "BAD_AMOUNT", "has more than 6 decimal places");
  }
  const long double size = static_cast<long double>(value.digits) *
                           static_cast<long double>(PowerOfTen(kMicroPlaces - value.places));
  if (fabsl(size) > 9.2e18L) return InvalidField("amount", "OUT_OF_RANGE", "is too large");
  return static_cast<Micros>(value.digits * PowerOfTen(kMicroPlaces - value.places));
}

absl::StatusOr<int64_t> ToWhole(const Decimal& value) {
  const bool fits = value.digits <= std::numeric_limits<int64_t>::max() &&
                    value.digits >= std::numeric_limits<int64_t>::min();
  if (value.places == 0 && fits) return static_cast<int64_t>(value.digits);
  return InvalidField("number", "NOT_WHOLE", "is not a whole number");
}

double ToDouble(const Decimal& value) {
  return static_cast<double>(value.digits) / static_cast<double>(PowerOfTen(value.places));
}

}  // namespace rapport::ctl

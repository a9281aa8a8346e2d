// SPDX-License-Identifier: Apache-2.0
#include "lib/base/money.h"

#include <limits>

#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport {
namespace {

constexpr int kDecimals = 6;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::Status BadAmount(std::string_view text) {
  return InvalidField("amount", "BAD_AMOUNT",
                      Cat("'", text, "' is not a decimal amount with at most 6 places"));
}

}  // namespace

absl::StatusOr<Micros> ParseMoney(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  __int128 value = 0;
  int digits = 0;
  int decimals = -1;  // -1 before the point.
  for (const char c : rest) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (!IsDigit(c)) return BadAmount(text);
    if (decimals == kDecimals) {
      if (c != '0') return BadAmount(text);
      continue;
    }
    value = value * 10 + (c - '0');
    ++digits;
    if (decimals >= 0) ++decimals;
    if (digits > 24) return BadAmount(text);
  }
  if (digits == 0) return BadAmount(text);
  for (int i = decimals < 0 ? 0 : decimals; i < kDecimals; ++i) value *= 10;
  if (value > std::numeric_limits<int64_t>::max()) {
    return InvalidField("amount", "OUT_OF_RANGE", Cat("'", text, "' is too large"));
  }
  const auto micros = static_cast<Micros>(value);
  return negative ? -micros : micros;
}

std::string FormatMoney(Micros micros) {
  const bool negative = micros < 0;
  const uint64_t value =
      negative ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  std::string fraction = std::to_string(value % kMicrosPerUnit);
  fraction.insert(0, kDecimals - fraction.size(), '0');
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  return Cat(negative ? "-" : "", value / kMicrosPerUnit, ".", fraction);
}

absl::StatusOr<CurrencyCode> PackCurrency(std::string_view iso) {
  if (iso.size() != 3) {
    return InvalidField("currency", "BAD_CURRENCY", Cat("'", iso, "' is not an ISO 4217 code"));
  }
  int code = 0;
  for (const char c : iso) {
    if (c < 'A' || c > 'Z') {
      return InvalidField("currency", "BAD_CURRENCY", Cat("'", iso, "' is not an ISO 4217 code"));
    }
    code = code * 32 + (c - 'A' + 1);
  }
  return static_cast<CurrencyCode>(code);
}

std::string UnpackCurrency(CurrencyCode code) {
  if (code == 0) return "";
  std::string iso(3, 'A');
  for (int i = 2; i >= 0; --i) {
    iso[static_cast<size_t>(i)] = static_cast<char>('A' + (code % 32) - 1);
    code = static_cast<CurrencyCode>(code / 32);
  }
  return iso;
}

}  // namespace rapport

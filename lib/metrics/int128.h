// SPDX-License-Identifier: Apache-2.0
// Exact sums that outgrow 64 bits: squares, and money converted at rates with nine decimals.
//
// Converted money is counted in micros x nanos (kNanosPerRate to one micro), so that sums
// of products are exact and are rounded once, half to even, when a value is shown.
#pragma once

#include <cstdint>

#include "lib/base/money.h"

namespace rapport::metrics {

using Int128 = __int128;

inline constexpr int64_t kNanosPerRate = 1'000'000'000;  // The rate 1.

// numerator / denominator (> 0), half to even.
inline Int128 DivideHalfEven(Int128 numerator, Int128 denominator) {
  Int128 quotient = numerator / denominator;
  Int128 rest = numerator - quotient * denominator;  // One division: they cost 30 ns each.
  if (rest < 0) {
    rest += denominator;
    --quotient;
  }
  const Int128 twice = 2 * rest;
  if (twice > denominator || (twice == denominator && quotient % 2 != 0)) ++quotient;
  return quotient;
}

// Micros of converted money.
inline Int128 MicrosOf(Int128 converted) { return DivideHalfEven(converted, kNanosPerRate); }
// Units of micros.
inline double UnitsOf(Int128 micros) {
  return static_cast<double>(static_cast<long double>(micros) / kMicrosPerUnit);
}

// A sum of squares of converted amounts: 256 bits, modulo 2^256, so that it adds up and
// subtracts exactly whatever comes.
class WideSum {
 public:
  WideSum() = default;
  explicit WideSum(unsigned __int128 value) : low_(value) {}
  WideSum(unsigned __int128 high, unsigned __int128 low) : high_(high), low_(low) {}

  unsigned __int128 high() const { return high_; }
  unsigned __int128 low() const { return low_; }
  long double AsReal() const {
    constexpr long double kTwoTo128 = 340282366920938463463374607431768211456.0L;
    return static_cast<long double>(high_) * kTwoTo128 + static_cast<long double>(low_);
  }
  void Add(const WideSum& other) {
    low_ += other.low_;
    high_ += other.high_ + (low_ < other.low_ ? 1U : 0U);
  }
  void Subtract(const WideSum& other) {
    const bool borrows = low_ < other.low_;
    low_ -= other.low_;
    high_ -= other.high_ + (borrows ? 1U : 0U);
  }
  WideSum Times(uint64_t factor) const {
    const unsigned __int128 small = (low_ & UINT64_MAX) * factor;
    const unsigned __int128 large = (low_ >> 64) * factor + (small >> 64);
    return {high_ * factor + (large >> 64), large << 64 | (small & UINT64_MAX)};
  }
  friend bool operator==(const WideSum&, const WideSum&) = default;

 private:
  unsigned __int128 high_ = 0;
  unsigned __int128 low_ = 0;
};

}  // namespace rapport::metrics

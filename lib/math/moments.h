// SPDX-License-Identifier: Apache-2.0
// Exact count, sum and sum of squares of whole numbers: what a mean, its interval and a
// Welch test need.
//
// Sums are 128 and 192 bits wide, so they never round or overflow; moments therefore add
// up AND subtract in any order to the same bits. Mean and variance are divided once, from
// the exact integers, and are within 2 units in the last place whatever the values' offset.
//
// Values may be negative. The total of counts stays within +-2^62 (caller's duty). A
// difference may have a negative count; then there is no mean. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/math/stats.h"

namespace rapport::math {

class Moments {
 public:
  // `count` times `value`; a negative count takes away.
  void Add(int64_t value, int64_t count = 1);
  void Merge(const Moments& other);
  void Subtract(const Moments& other);

  int64_t count() const { return count_; }
  __int128 sum() const { return sum_; }
  bool zero() const { return *this == Moments(); }
  friend bool operator==(const Moments&, const Moments&) = default;

  // nullopt unless count > 0.
  std::optional<double> Mean() const;
  // Sample variance, with n - 1; nullopt unless count > 1. Never negative for the moments
  // of real values.
  std::optional<double> Variance() const;
  // Two-sided interval of the mean by Student's t; nullopt below two values.
  std::optional<Interval> MeanInterval(double confidence) const;

  // 6 bytes and more; canonical. Decode removes them from the front of `in`; false on
  // bytes that Encode does not make.
  void Encode(std::string& out) const;
  [[nodiscard]] bool Decode(std::string_view& in);

 private:
  int64_t count_ = 0;
  __int128 sum_ = 0;
  // The sum of squares is high * 2^64 + low.
  __int128 squares_high_ = 0;
  uint64_t squares_low_ = 0;
};

}  // namespace rapport::math

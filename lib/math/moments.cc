// SPDX-License-Identifier: Apache-2.0
#include "lib/math/moments.h"

#include <cmath>

#include "boost/multiprecision/cpp_int.hpp"
#include "lib/base/varint.h"
#include "lib/math/incomplete_beta.h"

namespace rapport::math {
namespace {

using Wide = boost::multiprecision::int256_t;

void PutWide(std::string& out, __int128 value) {
  PutVarint(out, static_cast<uint64_t>(value));
  PutSigned(out, static_cast<int64_t>(value >> 64));
}

bool GetWide(std::string_view& in, __int128& value) {
  // What two decoded sums of this size add up to is far from overflow.
  constexpr int64_t kLargestHigh = int64_t{1} << 61;
  uint64_t low = 0;
  int64_t high = 0;
  if (!GetVarint(in, low) || !GetSigned(in, high)) return false;
  if (high < -kLargestHigh || high >= kLargestHigh) return false;
  value = (static_cast<__int128>(high) << 64) | low;
  return true;
}

}  // namespace

void Moments::Add(int64_t value, int64_t count) {
  const auto wide = static_cast<__int128>(value);
  const auto square = static_cast<unsigned __int128>(wide * wide);
  const __int128 low = static_cast<__int128>(static_cast<uint64_t>(square)) * count;
  const __int128 high = static_cast<__int128>(square >> 64) * count;
  count_ += count;
  sum_ += wide * count;
  const auto low_word = static_cast<uint64_t>(low);
  squares_low_ += low_word;
  squares_high_ += high + (low >> 64) + (squares_low_ < low_word ? 1 : 0);
}

void Moments::Merge(const Moments& other) {
  const uint64_t low = other.squares_low_;
  count_ += other.count_;
  sum_ += other.sum_;
  squares_high_ += other.squares_high_;
  squares_low_ += low;
  if (squares_low_ < low) ++squares_high_;
}

void Moments::Subtract(const Moments& other) {
  const uint64_t low = other.squares_low_;
  count_ -= other.count_;
  sum_ -= other.sum_;
  squares_high_ -= other.squares_high_;
  if (squares_low_ < low) --squares_high_;
  squares_low_ -= low;
}

std::optional<double> Moments::Mean() const {
  if (count_ <= 0) return std::nullopt;
  const __int128 whole = sum_ / count_;
  const __int128 rest = sum_ % count_;
  return static_cast<double>(whole) + static_cast<double>(rest) / static_cast<double>(count_);
}

// (n Q - S^2) / (n (n - 1)), the numerator as a whole number.
std::optional<double> Moments::Variance() const {
  if (count_ <= 1) return std::nullopt;
  const Wide squares = (Wide(squares_high_) << 64) + squares_low_;
  const Wide numerator = squares * count_ - Wide(sum_) * sum_;
  const auto n = static_cast<double>(count_);
  return std::fmax(0.0, numerator.convert_to<double>() / n / (n - 1));
}

std::optional<Interval> Moments::MeanInterval(double confidence) const {
  const std::optional<double> mean = Mean();
  const std::optional<double> variance = Variance();
  if (!variance.has_value() || !(confidence > 0 && confidence < 1)) return std::nullopt;
  const auto n = static_cast<double>(count_);
  const double half = StudentTwoSidedT(confidence, n - 1) * std::sqrt(*variance / n);
  return Interval{*mean, *mean - half, *mean + half};
}

void Moments::Encode(std::string& out) const {
  PutSigned(out, count_);
  PutWide(out, sum_);
  PutWide(out, squares_high_);
  PutVarint(out, squares_low_);
}

bool Moments::Decode(std::string_view& in) {
  constexpr int64_t kLargestCount = int64_t{1} << 61;
  std::string_view rest = in;
  Moments read;
  if (!GetSigned(rest, read.count_) || !GetWide(rest, read.sum_) ||
      !GetWide(rest, read.squares_high_) || !GetVarint(rest, read.squares_low_) ||
      read.count_ > kLargestCount || read.count_ < -kLargestCount) {
    return false;
  }
  std::string again;
  read.Encode(again);
  if (again != in.substr(0, in.size() - rest.size())) return false;
  *this = read;
  in = rest;
  return true;
}

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
#include "lib/events/columns.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>

#include "lib/base/varint.h"

namespace rapport::events {
namespace {

constexpr uint32_t kMaxWidth = ColumnReader::kMaxWidth;

uint64_t CommonDivisor(std::span<const int64_t> values, int64_t least) {
  uint64_t divisor = 0;
  for (const int64_t value : values) {
    divisor = std::gcd(divisor, static_cast<uint64_t>(value) - static_cast<uint64_t>(least));
    if (divisor == 1) break;
  }
  return std::max<uint64_t>(divisor, 1);
}

uint32_t WidthOf(uint64_t largest) {
  return (static_cast<uint32_t>(std::bit_width(largest)) + 7) / 8;
}

}  // namespace

void PutColumn(std::string& out, std::span<const int64_t> values, Divide divide) {
  int64_t least = values.empty() ? 0 : values[0];
  int64_t most = least;
  for (const int64_t value : values) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  const uint64_t range = static_cast<uint64_t>(most) - static_cast<uint64_t>(least);
  const uint64_t divisor =
      divide == Divide::kYes && range > 0 ? CommonDivisor(values, least) : uint64_t{1};
  const uint32_t width = WidthOf(range / divisor);
  out.push_back(static_cast<char>(width));
  PutSigned(out, least);
  PutVarint(out, divisor);
  const size_t begin = out.size();
  // Each store writes 8 bytes and the next one overwrites what was too much.
  out.resize(begin + values.size() * width + kMaxWidth);
  char* to = out.data() + begin;
  for (const int64_t value : values) {
    uint64_t offset = static_cast<uint64_t>(value) - static_cast<uint64_t>(least);
    if (divisor != 1) offset /= divisor;
    std::memcpy(to, &offset, kMaxWidth);
    to += width;
  }
  out.resize(begin + values.size() * width);
}

bool ColumnReader::Open(std::string_view& in, size_t count, int64_t low, int64_t high) {
  std::string_view rest = in;
  if (rest.empty()) return false;
  width_ = static_cast<uint8_t>(rest[0]);
  rest.remove_prefix(1);
  if (width_ > kMaxWidth || !GetSigned(rest, least_) || !GetVarint(rest, divisor_)) return false;
  if (width_ > 0 && count > rest.size() / width_) return false;
  bytes_ = rest.substr(0, count * width_);
  wide_end_ = bytes_.size() >= kMaxWidth ? bytes_.size() - kMaxWidth + 1 : 0;
  mask_ = width_ == kMaxWidth ? ~uint64_t{0} : (uint64_t{1} << (8 * width_)) - 1;
  if (!InRange(count, low, high)) return false;
  in = rest.substr(bytes_.size());
  return true;
}

bool ColumnReader::InRange(size_t count, int64_t low, int64_t high) const {
  const bool whole =
      low == std::numeric_limits<int64_t>::min() && high == std::numeric_limits<int64_t>::max();
  if (whole || count == 0) return true;
  if (least_ < low || least_ > high) return false;
  if (width_ == 0) return true;
  // If the widest possible offset fits there is nothing to look at one by one.
  const uint64_t room = static_cast<uint64_t>(high) - static_cast<uint64_t>(least_);
  if (divisor_ <= 1 && mask_ <= room) return true;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t offset = static_cast<uint64_t>(At(i)) - static_cast<uint64_t>(least_);
    if (offset > room) return false;
  }
  return true;
}

}  // namespace rapport::events

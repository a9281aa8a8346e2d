// SPDX-License-Identifier: Apache-2.0
// One column of integers at rest: least value, common divisor, and fixed-width offsets
// (0 to 8 bytes each), so that any row is read without reading those before it.
//
// Bytes: width u8 | least value, zigzag varint | divisor varint | count x width, little
// endian. The count is known from elsewhere. Decoding never reads past the end and never
// yields a value outside [minimum, maximum] of the reader's type.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace rapport::events {

static_assert(std::endian::native == std::endian::little, "columns are read by memcpy");

// Whether to look for a common divisor (money in cents, times in seconds) when writing.
enum class Divide : bool { kNo = false, kYes = true };

void PutColumn(std::string& out, std::span<const int64_t> values, Divide divide);

class ColumnReader {
 public:
  static constexpr uint32_t kMaxWidth = 8;
  // Takes a column of `count` values off `in`; false for broken bytes. Values that are not
  // within [low, high] make it false too.
  [[nodiscard]] bool Open(std::string_view& in, size_t count, int64_t low, int64_t high);
  int64_t At(size_t index) const {
    if (width_ == 0) return least_;
    const size_t at = index * width_;
    uint64_t offset = 0;
    if (at < wide_end_) {
      std::memcpy(&offset, bytes_.data() + at, kMaxWidth);
      offset &= mask_;
    } else {
      std::memcpy(&offset, bytes_.data() + at, width_);
    }
    return static_cast<int64_t>(static_cast<uint64_t>(least_) + offset * divisor_);
  }
  bool constant() const { return width_ == 0; }

 private:
  [[nodiscard]] bool InRange(size_t count, int64_t low, int64_t high) const;

  std::string_view bytes_;
  uint32_t width_ = 0;
  int64_t least_ = 0;
  uint64_t divisor_ = 1;
  size_t wide_end_ = 0;  // Up to here 8 bytes may be read at once.
  uint64_t mask_ = 0;
};

}  // namespace rapport::events

// SPDX-License-Identifier: Apache-2.0
// A set of customer numbers (or of places in an order) as a compressed Roaring bitmap.
//
// Stored in parts of 2^19 numbers, each at most 66 KB, in the portable Roaring format; the
// bytes depend on the numbers alone, not on how the set came about. Reading is thread-safe.
// A million numbers unite, intersect and count in well under a millisecond.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

struct roaring_bitmap_s;

namespace rapport::segments {

inline constexpr int kPartBits = 19;

class Bitmap {
 public:
  Bitmap();
  explicit Bitmap(std::span<const uint32_t> numbers);  // In any order.
  Bitmap(Bitmap&&) noexcept = default;
  Bitmap& operator=(Bitmap&&) noexcept = default;
  Bitmap(const Bitmap& other);
  Bitmap& operator=(const Bitmap& other);
  ~Bitmap() = default;

  void Add(uint32_t number);
  void Remove(uint32_t number);
  void Unite(const Bitmap& other);
  void Subtract(const Bitmap& other);
  bool Has(uint32_t number) const;
  uint64_t size() const;
  bool empty() const;
  uint64_t CountCommon(const Bitmap& other) const;
  Bitmap Intersect(const Bitmap& other) const;
  // Rising.
  void ForEach(absl::FunctionRef<void(uint32_t)> visit) const;
  // Up to `limit` numbers >= `first`, rising.
  std::vector<uint32_t> From(uint32_t first, size_t limit) const;

  // By number >> kPartBits, none empty.
  std::map<uint32_t, std::string> Encode() const;
  // Adds the numbers of one part. DataLoss for foreign bytes.
  absl::Status AddPart(std::string_view bytes);

  friend bool operator==(const Bitmap& a, const Bitmap& b);

 private:
  struct Free {
    void operator()(roaring_bitmap_s* bitmap) const;
  };
  std::unique_ptr<roaring_bitmap_s, Free> bitmap_;
};

}  // namespace rapport::segments

// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/bitmap.h"

#include <roaring/roaring.h>

#include "lib/base/errors.h"

namespace rapport::segments {

void Bitmap::Free::operator()(roaring_bitmap_s* bitmap) const { roaring_bitmap_free(bitmap); }

Bitmap::Bitmap() : bitmap_(roaring_bitmap_create()) {}
Bitmap::Bitmap(std::span<const uint32_t> numbers)
    : bitmap_(roaring_bitmap_of_ptr(numbers.size(), numbers.data())) {}
Bitmap::Bitmap(const Bitmap& other) : bitmap_(roaring_bitmap_copy(other.bitmap_.get())) {}
Bitmap& Bitmap::operator=(const Bitmap& other) {
  if (this != &other) bitmap_.reset(roaring_bitmap_copy(other.bitmap_.get()));
  return *this;
}

void Bitmap::Add(uint32_t number) { roaring_bitmap_add_checked(bitmap_.get(), number); }
void Bitmap::Remove(uint32_t number) { roaring_bitmap_remove(bitmap_.get(), number); }
void Bitmap::Unite(const Bitmap& other) {
  roaring_bitmap_or_inplace(bitmap_.get(), other.bitmap_.get());
}
void Bitmap::Subtract(const Bitmap& other) {
  roaring_bitmap_andnot_inplace(bitmap_.get(), other.bitmap_.get());
}
bool Bitmap::Has(uint32_t number) const { return roaring_bitmap_contains(bitmap_.get(), number); }
uint64_t Bitmap::size() const { return roaring_bitmap_get_cardinality(bitmap_.get()); }
bool Bitmap::empty() const { return roaring_bitmap_is_empty(bitmap_.get()); }
uint64_t Bitmap::CountCommon(const Bitmap& other) const {
  return roaring_bitmap_and_cardinality(bitmap_.get(), other.bitmap_.get());
}
Bitmap Bitmap::Intersect(const Bitmap& other) const {
  Bitmap both;
  both.bitmap_.reset(roaring_bitmap_and(bitmap_.get(), other.bitmap_.get()));
  return both;
}

void Bitmap::ForEach(absl::FunctionRef<void(uint32_t)> visit) const {
  roaring_iterate(
      bitmap_.get(),
      [](uint32_t number, void* visitor) {
        (*static_cast<absl::FunctionRef<void(uint32_t)>*>(visitor))(number);
        return true;
      },
      &visit);
}

std::vector<uint32_t> Bitmap::From(uint32_t first, size_t limit) const {
  std::vector<uint32_t> numbers(limit);
  roaring_uint32_iterator_t at;
  roaring_init_iterator(bitmap_.get(), &at);
  const bool any = roaring_move_uint32_iterator_equalorlarger(&at, first);
  numbers.resize(
      any ? roaring_read_uint32_iterator(&at, numbers.data(), static_cast<uint32_t>(limit)) : 0);
  return numbers;
}

std::map<uint32_t, std::string> Bitmap::Encode() const {
  std::vector<uint32_t> numbers(size());
  roaring_bitmap_to_uint32_array(bitmap_.get(), numbers.data());
  std::map<uint32_t, std::string> parts;
  for (size_t begin = 0; begin < numbers.size();) {
    const uint32_t part = numbers[begin] >> kPartBits;
    size_t end = begin;
    while (end < numbers.size() && numbers[end] >> kPartBits == part) ++end;
    // Made anew from the sorted numbers: containers are then what the numbers call for.
    const Bitmap made(std::span<const uint32_t>(numbers).subspan(begin, end - begin));
    roaring_bitmap_run_optimize(made.bitmap_.get());
    std::string& bytes = parts[part];
    bytes.resize(roaring_bitmap_portable_size_in_bytes(made.bitmap_.get()));
    roaring_bitmap_portable_serialize(made.bitmap_.get(), bytes.data());
    begin = end;
  }
  return parts;
}

absl::Status Bitmap::AddPart(std::string_view bytes) {
  Bitmap part;
  const size_t size = roaring_bitmap_portable_deserialize_size(bytes.data(), bytes.size());
  part.bitmap_.reset(size != bytes.size() || size == 0
                         ? nullptr
                         : roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size()));
  if (part.bitmap_ == nullptr) return DataLoss("segments", "bytes that are no bitmap");
  Unite(part);
  return absl::OkStatus();
}

bool operator==(const Bitmap& a, const Bitmap& b) {
  return roaring_bitmap_equals(a.bitmap_.get(), b.bitmap_.get());
}

}  // namespace rapport::segments

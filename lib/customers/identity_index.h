// SPDX-License-Identifier: Apache-2.0
// The identities of a workspace in memory: (kind, value) to a record that names the
// customer, and a chain of records per customer.
//
// Records stand in an arena and never move; the table holds 8 bytes a slot. About 50
// bytes an identity with a 16-byte value. Growth keeps the order of slots, so it runs
// through memory once. Not thread-safe: Directory guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "rapport/v1/event.pb.h"

namespace rapport::customers {

class IdentityIndex {
 public:
  using Ref = uint32_t;  // Place of a record; 0 = none.

  struct Record {
    uint32_t customer_no = 0;
    Ref next = 0;  // Of the same customer.
    uint16_t length = 0;
    uint8_t kind = 0;
    std::string_view value() const { return {reinterpret_cast<const char*>(this + 1), length}; }
  };

  static uint64_t HashOf(v1::IdentityKind kind, std::string_view value);

  // 0 if absent.
  Ref Find(uint64_t hash, v1::IdentityKind kind, std::string_view value) const;
  // Must be absent; value at most 64 KiB.
  Ref Add(uint64_t hash, v1::IdentityKind kind, std::string_view value, uint32_t customer_no);
  Record& At(Ref ref) { return *Place(ref); }
  const Record& At(Ref ref) const { return *Place(ref); }
  size_t size() const { return size_; }

  // Bring what Find will read into the cache: first the slot, a little later the record.
  void PrefetchSlot(uint64_t hash) const;
  void PrefetchRecord(uint64_t hash) const;

 private:
  struct Slot {
    uint32_t tag = 0;
    Ref ref = 0;
  };
  static constexpr uint32_t kBlockWords = 1u << 17;  // 1 MiB.

  Record* Place(Ref ref) const {
    return reinterpret_cast<Record*>(&blocks_[ref / kBlockWords][ref % kBlockWords]);
  }
  size_t Home(uint32_t tag) const {
    return static_cast<size_t>((static_cast<uint64_t>(tag) * slots_.size()) >> 32);
  }
  Ref Allocate(size_t bytes);
  void Insert(Slot slot);
  void Grow();

  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  std::vector<std::unique_ptr<uint64_t[]>> blocks_;
  uint32_t used_words_ = kBlockWords;  // Of the last block.
  size_t size_ = 0;
};

}  // namespace rapport::customers

// SPDX-License-Identifier: Apache-2.0
#include "lib/customers/identity_index.h"

#include <cstring>
#include <new>
#include <utility>

#include "lib/base/hash.h"

namespace rapport::customers {
namespace {

constexpr uint64_t kKindMix = 0x9E3779B97F4A7C15u;

uint32_t TagOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

}  // namespace

uint64_t IdentityIndex::HashOf(v1::IdentityKind kind, std::string_view value) {
  return HashText64(value) ^ (static_cast<uint64_t>(kind) * kKindMix);
}

IdentityIndex::Ref IdentityIndex::Find(uint64_t hash, v1::IdentityKind kind,
                                       std::string_view value) const {
  const uint32_t tag = TagOf(hash);
  for (size_t i = Home(tag); slots_[i].ref != 0; i = i + 1 == slots_.size() ? 0 : i + 1) {
    if (slots_[i].tag != tag) continue;
    const Record& record = At(slots_[i].ref);
    if (record.kind == kind && record.value() == value) return slots_[i].ref;
  }
  return 0;
}

void IdentityIndex::PrefetchSlot(uint64_t hash) const {
  __builtin_prefetch(&slots_[Home(TagOf(hash))]);
}

void IdentityIndex::PrefetchRecord(uint64_t hash) const {
  const uint32_t tag = TagOf(hash);
  for (size_t i = Home(tag); slots_[i].ref != 0; i = i + 1 == slots_.size() ? 0 : i + 1) {
    if (slots_[i].tag != tag) continue;
    const char* record = reinterpret_cast<const char*>(Place(slots_[i].ref));
    __builtin_prefetch(record);
    __builtin_prefetch(record + 40);  // A short value may reach into the next cache line.
    return;
  }
}

IdentityIndex::Ref IdentityIndex::Allocate(size_t bytes) {
  const auto words = static_cast<uint32_t>((bytes + 7) / 8);
  if (used_words_ + words > kBlockWords) {
    blocks_.push_back(std::make_unique<uint64_t[]>(kBlockWords));
    used_words_ = blocks_.size() == 1 ? 1 : 0;  // Ref 0 means none.
  }
  const auto ref = static_cast<Ref>((blocks_.size() - 1) * kBlockWords + used_words_);
  used_words_ += words;
  return ref;
}

IdentityIndex::Ref IdentityIndex::Add(uint64_t hash, v1::IdentityKind kind, std::string_view value,
                                      uint32_t customer_no) {
  if ((size_ + 1) * 10 > slots_.size() * 7) Grow();
  const Ref ref = Allocate(sizeof(Record) + value.size());
  Record* record = new (Place(ref)) Record;
  record->customer_no = customer_no;
  record->length = static_cast<uint16_t>(value.size());
  record->kind = static_cast<uint8_t>(kind);
  std::memcpy(reinterpret_cast<char*>(record + 1), value.data(), value.size());
  Insert({TagOf(hash), ref});
  ++size_;
  return ref;
}

void IdentityIndex::Insert(Slot slot) {
  size_t i = Home(slot.tag);
  while (slots_[i].ref != 0) i = i + 1 == slots_.size() ? 0 : i + 1;
  slots_[i] = slot;
}

void IdentityIndex::Grow() {
  std::vector<Slot> old(slots_.size() * 2);
  std::swap(old, slots_);
  for (const Slot& slot : old) {
    if (slot.ref != 0) Insert(slot);
  }
}

}  // namespace rapport::customers

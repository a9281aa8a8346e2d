// SPDX-License-Identifier: Apache-2.0
#include "lib/events/id_set.h"

#include <algorithm>
#include <utility>

namespace rapport::events {
namespace {

constexpr uint64_t kDayMask = 0xFFFF;

IdSet::Day DayOf(uint64_t high_and_day) { return static_cast<IdSet::Day>(high_and_day & kDayMask); }
uint64_t Pack(uint64_t high, IdSet::Day day) {
  return (high & ~kDayMask) | std::max<IdSet::Day>(day, 1);
}

}  // namespace

size_t IdSet::Home(const Shard& shard, uint64_t low) {
  // The bits after those that chose the shard, scaled to the capacity.
  const auto scaled = static_cast<unsigned __int128>(low << kShardBits) * shard.slots.size();
  return static_cast<size_t>(scaled >> 64);
}

size_t IdSet::Seek(const Shard& shard, const Hash128& id) {
  size_t i = Home(shard, id.low);
  for (;; i = i + 1 == shard.slots.size() ? 0 : i + 1) {
    const Slot& slot = shard.slots[i];
    if (slot.high_and_day == 0) return i;
    if (slot.low == id.low && ((slot.high_and_day ^ id.high) & ~kDayMask) == 0) return i;
  }
}

void IdSet::Reserve(size_t ids) {
  // A shard's share varies by its square root; 5 % and a few cover that.
  const size_t share = ids / shards_.size() + ids / shards_.size() / 20 + 64;
  for (Shard& shard : shards_) {
    if (shard.slots.size() * 7 < share * 10) Rebuild(shard, share * 10 / 7 + 1, 0);
  }
}

bool IdSet::Insert(const Hash128& id, Day day, Day horizon) {
  Shard& shard = ShardOf(id);
  size_t i = Seek(shard, id);
  if (shard.slots[i].high_and_day != 0) {
    if (DayOf(shard.slots[i].high_and_day) >= horizon) return false;
    shard.slots[i].high_and_day = Pack(id.high, day);
    return true;
  }
  if ((shard.used + 1) * 10 > shard.slots.size() * 7) {
    Rebuild(shard, shard.slots.size() + shard.slots.size() / 2, horizon);
    i = Seek(shard, id);
  }
  shard.slots[i] = {id.low, Pack(id.high, day)};
  ++shard.used;
  size_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool IdSet::Contains(const Hash128& id, Day horizon) const {
  const Shard& shard = ShardOf(id);
  const Slot& slot = shard.slots[Seek(shard, id)];
  return slot.high_and_day != 0 && DayOf(slot.high_and_day) >= horizon;
}

void IdSet::Erase(const Hash128& id) {
  Shard& shard = ShardOf(id);
  const size_t capacity = shard.slots.size();
  size_t hole = Seek(shard, id);
  if (shard.slots[hole].high_and_day == 0) return;
  // Moves up what would no longer be found behind the hole (Knuth 6.4, algorithm R).
  for (size_t i = (hole + 1) % capacity; shard.slots[i].high_and_day != 0; i = (i + 1) % capacity) {
    const size_t home = Home(shard, shard.slots[i].low);
    const bool reaches_over_hole =
        (i + capacity - home) % capacity >= (i + capacity - hole) % capacity;
    if (!reaches_over_hole) continue;
    shard.slots[hole] = shard.slots[i];
    hole = i;
  }
  shard.slots[hole] = {};
  --shard.used;
  size_.fetch_sub(1, std::memory_order_relaxed);
}

void IdSet::Prefetch(const Hash128& id) const {
  const Shard& shard = ShardOf(id);
  __builtin_prefetch(&shard.slots[Home(shard, id.low)], 1);
}

void IdSet::Rebuild(Shard& shard, size_t capacity, Day horizon) {
  std::vector<Slot> old(capacity);
  std::swap(old, shard.slots);
  const size_t used = std::exchange(shard.used, 0);
  for (const Slot& slot : old) {
    if (slot.high_and_day == 0 || DayOf(slot.high_and_day) < horizon) continue;
    shard.slots[Seek(shard, {slot.low, slot.high_and_day})] = slot;
    ++shard.used;
  }
  shard.swept = horizon;
  size_.fetch_sub(used - shard.used, std::memory_order_relaxed);
}

void IdSet::Sweep(Day horizon) {
  Shard& shard = shards_[next_sweep_];
  next_sweep_ = (next_sweep_ + 1) % shards_.size();
  if (shard.swept >= horizon || shard.used == 0) return;
  Rebuild(shard, shard.slots.size(), horizon);
}

}  // namespace rapport::events

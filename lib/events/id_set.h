// SPDX-License-Identifier: Apache-2.0
// The event ids of the de-duplication horizon, in memory: 112 bits of an id's fingerprint
// and its day of arrival in 16 bytes.
//
// With 10^9 ids the chance that any two differ in the id but not in the fingerprint is
// 10^-16. Memory: 23 to 34 bytes an id (at most 70 % full, growing by half). The table is
// cut into 64 shards by the first bits of the fingerprint, so growth stops the writer for
// a 64th of the work; slots stand in fingerprint order, so growth and loading of sorted
// ids run through memory once.
//
// One thread writes; size() may be read by others. Insert about 0.05 us after Prefetch.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/base/hash.h"

namespace rapport::events {

class IdSet {
 public:
  // Days since 1970 (UTC), up to 65535 (the year 2149); 0 counts as 1.
  using Day = uint16_t;

  // Makes room for this many ids in all. Call it before loading sorted ids: while a table
  // grows under them they all fall into its first part, and every insert walks through it.
  void Reserve(size_t ids);
  // True if the id is new or was last seen before `horizon`; it is remembered with `day`.
  bool Insert(const Hash128& id, Day day, Day horizon);
  // Forgets an id, as if Insert had not been called. Not known: does nothing.
  void Erase(const Hash128& id);
  bool Contains(const Hash128& id, Day horizon) const;
  void Prefetch(const Hash128& id) const;
  // Frees the ids from before `horizon` in the next shard that still has some: a bounded
  // piece of work to call once a group.
  void Sweep(Day horizon);
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    uint64_t low = 0;
    uint64_t high_and_day = 0;  // 0 = free: no day is 0.
  };
  struct Shard {
    std::vector<Slot> slots = std::vector<Slot>(16);
    size_t used = 0;
    Day swept = 0;
  };
  static constexpr int kShardBits = 6;

  static size_t Home(const Shard& shard, uint64_t low);
  // Slot of the id, or the free slot where it would go.
  static size_t Seek(const Shard& shard, const Hash128& id);
  void Rebuild(Shard& shard, size_t capacity, Day horizon);
  Shard& ShardOf(const Hash128& id) { return shards_[id.low >> (64 - kShardBits)]; }
  const Shard& ShardOf(const Hash128& id) const { return shards_[id.low >> (64 - kShardBits)]; }

  std::array<Shard, 1 << kShardBits> shards_;
  size_t next_sweep_ = 0;
  std::atomic<size_t> size_ = 0;
};

}  // namespace rapport::events

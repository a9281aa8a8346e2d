// SPDX-License-Identifier: Apache-2.0
// Series cells: exact, additive counts behind every metric, per day and dimension.
//
// Families (SeriesKey::family; stored, never reused):
//   kEvents      day x type x channel x touchpoint x campaign x currency x score: count,
//                sums of values and of their squares
//   kMeasures    Sums of metrics whose observations are more than events (measure_cells.h).
// Numbers 2 to 4 are taken: generations of older programs hold such rows, which no reader asks
// for.
// Adding cells in any order gives the same sums: merge order never matters.
//
// CellSums is not thread-safe (one per shard, then Merge). Add costs about 0.03 us while
// the distinct cells fit the cache.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace rapport::metrics {

enum class SeriesFamily : uint8_t { kEvents = 1, kMeasures = 6 };

struct CellKey {
  SeriesFamily family = SeriesFamily::kEvents;
  uint16_t type = 0;
  int32_t day = 0;
  uint8_t channel = 0;
  uint32_t touchpoint_no = 0;
  uint32_t campaign_no = 0;
  uint16_t currency = 0;
  uint16_t bucket = 0;
  friend auto operator<=>(const CellKey&, const CellKey&) = default;
};

struct Cell {
  int64_t count = 0;
  int64_t value_sum = 0;
  // Of squares of values that are amounts or durations (SummedSquare): what intervals of means
  // and tests of sums need. Modulo 2^128, so that it adds up and subtracts whatever comes.
  unsigned __int128 square_sum = 0;
  void Add(const Cell& other) {
    count += other.count;
    value_sum += other.value_sum;
    square_sum += other.square_sum;
  }
  friend bool operator==(const Cell&, const Cell&) = default;
};

// Adds cells up by key.
class CellSums {
 public:
  void Add(const CellKey& key, const Cell& cell) { sums_[Pack(key)].Add(cell); }
  void Merge(const CellSums& other);
  bool empty() const { return sums_.empty(); }
  size_t size() const { return sums_.size(); }
  // The sum at `key`, zero if nothing was added there.
  Cell At(const CellKey& key) const;
  // All sums in ascending key order.
  std::vector<std::pair<CellKey, Cell>> Sorted() const;

 private:
  struct Packed {
    uint64_t high = 0;
    uint64_t low = 0;
    uint32_t campaign_no = 0;
    friend bool operator==(const Packed&, const Packed&) = default;
    template <typename H>
    friend H AbslHashValue(H state, const Packed& key) {
      return H::combine(std::move(state), key.high, key.low, key.campaign_no);
    }
  };
  static Packed Pack(const CellKey& key) {
    return {uint64_t{static_cast<uint8_t>(key.family)} << 56 | uint64_t{key.type} << 40 |
                uint64_t{key.channel} << 32 | uint64_t{key.currency} << 16 | key.bucket,
            uint64_t{static_cast<uint32_t>(key.day)} << 32 | key.touchpoint_no, key.campaign_no};
  }
  static CellKey Unpack(const Packed& packed);

  absl::flat_hash_map<Packed, Cell> sums_;
};

std::string EncodeCell(const Cell& cell);
absl::StatusOr<Cell> DecodeCell(std::string_view bytes);

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
// Series cells: exact, additive counts behind every metric, per day and dimension.
//
// Families (SeriesKey::family; stored, never reused):
//   kEvents      day x type x channel x touchpoint x currency x score: count, value sum
//   kPurchasers  bucket start x granularity (in `bucket`): distinct customers with an order
//                (count), those with two or more orders (value_sum). Granularity 0: all time
//                up to as_of (day = 0).
//   kActive      bucket start x granularity: distinct customers with any event; new, returning,
//                resurrecting, dormant as bucket values 10 x granularity + 1..4
//   kMembers     day: customers who joined the books for the first time (bucket 1), came back (2),
//                left (3). Members at a day's start = sum of 1 + 2 - 3 before it.
// Adding cells in any order gives the same sums: merge order never matters.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rapport::metrics {

enum class SeriesFamily : uint8_t { kEvents = 1, kPurchasers = 2, kActive = 3, kMembers = 4 };

struct CellKey {
  SeriesFamily family = SeriesFamily::kEvents;
  uint16_t type = 0;
  int32_t day = 0;
  uint8_t channel = 0;
  uint32_t touchpoint_no = 0;
  uint16_t currency = 0;
  uint16_t bucket = 0;
  friend auto operator<=>(const CellKey&, const CellKey&) = default;
};

struct Cell {
  int64_t count = 0;
  int64_t value_sum = 0;
  void Add(const Cell& other) {
    count += other.count;
    value_sum += other.value_sum;
  }
  friend bool operator==(const Cell&, const Cell&) = default;
};

std::string EncodeCell(const Cell& cell);
absl::StatusOr<Cell> DecodeCell(std::string_view bytes);

}  // namespace rapport::metrics

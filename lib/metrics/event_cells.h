// SPDX-License-Identifier: Apache-2.0
// The cells plan: additive metrics from event cells (series.h), sealed and live.
//
// EventCellTable keeps a workspace's event cells in memory, in columns by type and day: the
// server builds one per generation. CellGather adds up the cells that a query reads. Cost:
// about 20 ns a cell of the query's types and days; 34 bytes of memory a cell.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "lib/base/calendar.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/series.h"
#include "lib/metrics/sum_table.h"

namespace rapport::metrics {

// Add, then Seal; immutable and thread-safe from then on.
class EventCellTable {
 public:
  void Add(const CellKey& key, const Cell& cell);
  void Seal();

  // Cells of a type with a day in [begin, end), by day.
  void Visit(uint16_t type, CivilDays begin, CivilDays end,
             absl::FunctionRef<void(const CellKey&, const Cell&)> visit) const;
  size_t size() const { return days_.size(); }
  // First and last day of a type's cells; last < first: none.
  struct Days {
    CivilDays first = 0;
    CivilDays last = -1;
  };
  Days DaysOf(uint16_t type) const;
  std::span<const uint16_t> types() const { return types_; }

 private:
  struct Row {
    CellKey key;
    Cell cell;
  };
  // Positions [first, second) of a type.
  std::pair<size_t, size_t> PlacesOf(uint16_t type) const;

  std::vector<Row> unsorted_;
  std::vector<uint16_t> types_;  // Ascending, with where each begins.
  std::vector<size_t> begins_;
  std::vector<CivilDays> days_;
  std::vector<uint8_t> channels_;
  std::vector<uint32_t> touchpoints_, campaigns_;
  std::vector<uint16_t> currencies_, buckets_;
  std::vector<Cell> cells_;
};

// Reads of cells that a query needs.
struct CellRead {
  uint16_t type = 0;
  CivilDays begin = 0;
  CivilDays end = 0;
};

class CellGather {
 public:
  // For queries whose plan is kCells.
  explicit CellGather(const PreparedQuery& query);

  // One per type and stretch of days; stretches do not overlap.
  std::vector<CellRead> Reads() const;
  // Any order; the same key may come more than once (generation and live).
  void Add(const CellKey& key, const Cell& cell);

  const SumTable& table() const { return table_; }

 private:
  void AddTo(const CellKey& key, const Cell& cell, uint8_t roles, Sums& sums) const;
  void AddMoney(const CellKey& key, const Cell& cell, uint8_t roles, Sums& sums) const;
  uint8_t RolesOf(const CellKey& key) const;

  const PreparedQuery& query_;
  SumTable table_;
  filter::CustomerTruth nobody_;
};

}  // namespace rapport::metrics

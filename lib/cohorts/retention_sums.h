// SPDX-License-Identifier: Apache-2.0
// The counts behind a retention table: whole numbers that add up in any order.
//
// Counts that hold for a run of columns are kept as differences, +1 where the run begins
// and -1 behind its end, so that adding one costs the same whatever its length; ColumnTotals
// adds them up. Money is in micros x nanos (lib/metrics/int128.h). Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/cohorts/retention_plan.h"
#include "lib/metrics/int128.h"

namespace rapport::cohorts {

using metrics::Int128;

// One column of one cohort as a reader sees it.
struct ColumnTotals {
  int64_t settled = 0, settled_returned = 0;
  int64_t running = 0, running_returned = 0;
  int64_t orders = 0, orders_to_date = 0;  // To date: of settled starts.
  Int128 revenue = 0, revenue_to_date = 0;
};

class CohortSums {
 public:
  explicit CohortSums(int32_t columns) : columns_(static_cast<size_t>(columns) + 1) {}

  void AddStart(const Outlook& outlook);
  // Came back in columns [first, last], as far as the outlook reaches.
  void AddReturns(int32_t first, int32_t last, const Outlook& outlook);
  // Money of a column (-1: of none) that counts to date from column `up_to` on.
  struct Value {
    int32_t column = -1;
    int32_t up_to = 0;
    Int128 money = 0;
    int64_t orders = 0;
  };
  void AddValue(const Value& value, const Outlook& outlook);
  void AddPredicted(int64_t micros);
  void Merge(const CohortSums& other);

  int64_t size() const { return size_; }
  Int128 predicted_micros() const { return predicted_micros_; }
  int64_t predicted_count() const { return predicted_count_; }
  std::vector<ColumnTotals> Totals() const;

 private:
  struct Cell {
    int64_t ended = 0;  // Starts with that many settled columns.
    int64_t running = 0, running_returned = 0;
    int64_t returned_step = 0;
    int64_t orders = 0, orders_step = 0;
    Int128 revenue = 0, revenue_step = 0;
  };
  Cell& At(int32_t column) { return columns_[static_cast<size_t>(column)]; }

  int64_t size_ = 0;
  int64_t predicted_count_ = 0;
  Int128 predicted_micros_ = 0;
  std::vector<Cell> columns_;  // One more than there are.
};

// By bucket ordinal, dimension code, place of the segment, or 0.
using CohortTable = absl::flat_hash_map<int32_t, std::unique_ptr<CohortSums>>;

}  // namespace rapport::cohorts

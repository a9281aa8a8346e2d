// SPDX-License-Identifier: Apache-2.0
// Histories folded into distinct rows with weights, which is what likelihoods run over.
//
// Rows are sorted by (x, T, t_x), so the fold does not depend on the order of input and
// n equal rows are one row of weight n, bit for bit. Rows point to their times: with up to
// 65,536 distinct times each is kept once, ascending, so that a model takes one logarithm
// per time and not per row. More (continuous time) are kept in the order of rows, nearly
// all of them used once.
//
// Values; thread-safe. At most 2^31 rows. Cost of a million rows: 0.25 s and 16 bytes a row
// of scratch; the table holds 16 bytes a distinct row and 8 a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/rfm.h"

namespace rapport::value {

// A piece of a table, [begin, end) of its rows; an end beyond the last row is the last.
struct RowRange {
  size_t begin = 0;
  size_t end = std::numeric_limits<size_t>::max();
};

struct PurchaseTable {
  struct Row {
    uint32_t age = 0;      // Index into `times`.
    uint32_t recency = 0;  // Index into `times`.
    double weight = 0;
  };
  // Rows [begin, end) share one frequency.
  struct Block {
    double frequency = 0;
    size_t begin = 0;
    size_t end = 0;
    double weight = 0;
    double log_gaps = 0;  // Weighted sum of ln(gap) over the repeat purchases, in the unit.
  };

  std::vector<double> times;  // In the chosen unit; the last is the largest.
  std::vector<Row> rows;
  std::vector<Block> blocks;  // Ascending frequency.
  double weight = 0;          // Customers.
  double repeat_weight = 0;   // Customers with a repeat purchase.
  double mean_age = 0;        // Weighted, in the chosen unit.
  double log_gaps = 0;        // Of all blocks.

  // The blocks of a piece, clipped to it, with the weights of its rows. The log gaps of a
  // block go to the piece with its first row.
  std::vector<Block> BlocksIn(RowRange range) const;
};

// InvalidArgument naming "rows[i].<field>" or "weights[i]" (NOT_FINITE, NEGATIVE;
// LENGTH_MISMATCH "weights"). Rows of weight 0 are left out.
absl::StatusOr<PurchaseTable> FoldPurchases(std::span<const PurchaseHistory> rows,
                                            std::span<const double> weights, double time_unit_days);

// OK unless weights are given and do not fit `rows` rows.
absl::Status ValidateWeights(std::span<const double> weights, size_t rows);

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
// Histories folded into distinct rows with weights, which is what likelihoods run over.
//
// Rows are sorted by (x, T, t_x), so the fold does not depend on the order of input and
// n equal rows are one row of weight n, bit for bit. Times are kept once in a table of
// distinct values: a model takes one logarithm per distinct time, not per row.
//
// Values; thread-safe. Cost: one sort (0.2 s for a million rows).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/rfm.h"

namespace rapport::value {

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
  };

  std::vector<double> times;  // Distinct, ascending, in the chosen unit.
  std::vector<Row> rows;
  std::vector<Block> blocks;  // Ascending frequency.
  double weight = 0;          // Customers.
  double repeat_weight = 0;   // Customers with a repeat purchase.
  double mean_age = 0;        // Weighted, in the chosen unit.
};

// InvalidArgument naming "rows[i].<field>" or "weights[i]" (NOT_FINITE, NEGATIVE;
// LENGTH_MISMATCH "weights"). Rows of weight 0 are left out.
absl::StatusOr<PurchaseTable> FoldPurchases(std::span<const PurchaseHistory> rows,
                                            std::span<const double> weights, double time_unit_days);

// OK unless weights are given and do not fit `rows` rows.
absl::Status ValidateWeights(std::span<const double> weights, size_t rows);

}  // namespace rapport::value

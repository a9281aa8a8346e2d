// SPDX-License-Identifier: Apache-2.0
// Repeat spend folded into distinct (x, sum) rows with weights, sorted: the order of
// input never shows in a sum. Values; thread-safe; one sort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/value/rfm.h"

namespace rapport::value {

struct SpendRow {
  uint32_t frequency = 0;
  Micros sum_micros = 0;  // > 0.
  double weight = 0;
};

struct SpendTable {
  std::vector<SpendRow> rows;         // Repeaters with positive value, by (x, sum).
  double weight = 0;                  // Their number.
  double without_positive_value = 0;  // Repeaters left out.
  double mean = 0;                    // Mean value of a repeat purchase, currency units.
};

// Histories and weights must be valid (FoldPurchases checks both).
SpendTable FoldSpend(std::span<const PurchaseHistory> rows, std::span<const double> weights);

}  // namespace rapport::value

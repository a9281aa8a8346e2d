// SPDX-License-Identifier: Apache-2.0
// Tables with other weights: samples for a first fit, replicates for a bootstrap.
//
// Pure; the same table and weights give the same bits.
#pragma once

#include <cstddef>
#include <span>

#include "lib/value/purchase_fit.h"

namespace rapport::value {

// The rows whose new weight is > 0, one weight per row; times no longer used are dropped.
// Log gaps are known per block only and scale with its weight.
PurchaseTable Reweigh(const PurchaseTable& table, std::span<const double> weights);

// A systematic sample of about `customers` customers: every step-th in the order of (x, T,
// t_x), so that all shares are kept to within one customer.
FoldedPurchases SampleOf(const FoldedPurchases& rows, size_t customers);

// Sums over tables.
void AddTotals(FoldedPurchases& rows);

}  // namespace rapport::value

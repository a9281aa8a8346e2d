// SPDX-License-Identifier: Apache-2.0
#include "lib/value/spend_table.h"

#include <algorithm>
#include <tuple>

namespace rapport::value {
namespace {

bool Before(const SpendRow& a, const SpendRow& b) {
  return std::tie(a.frequency, a.sum_micros, a.weight) <
         std::tie(b.frequency, b.sum_micros, b.weight);
}

void MergeEqual(std::vector<SpendRow>& rows) {
  size_t kept = 0;
  for (const SpendRow& row : rows) {
    if (kept > 0 && rows[kept - 1].frequency == row.frequency &&
        rows[kept - 1].sum_micros == row.sum_micros) {
      rows[kept - 1].weight += row.weight;
    } else {
      rows[kept++] = row;
    }
  }
  rows.resize(kept);
}

}  // namespace

SpendTable FoldSpend(std::span<const PurchaseHistory> rows, std::span<const double> weights) {
  SpendTable table;
  std::vector<double> left_out;
  for (size_t i = 0; i < rows.size(); ++i) {
    const double weight = weights.empty() ? 1.0 : weights[i];
    if (rows[i].frequency == 0 || weight == 0) continue;
    if (rows[i].repeat_value_micros > 0) {
      table.rows.push_back({rows[i].frequency, rows[i].repeat_value_micros, weight});
    } else {
      left_out.push_back(weight);
    }
  }
  std::sort(left_out.begin(), left_out.end());
  for (double weight : left_out) table.without_positive_value += weight;

  std::sort(table.rows.begin(), table.rows.end(), Before);
  MergeEqual(table.rows);
  double value = 0, purchases = 0;
  for (const SpendRow& row : table.rows) {
    table.weight += row.weight;
    value += row.weight * static_cast<double>(row.sum_micros);
    purchases += row.weight * row.frequency;
  }
  if (purchases > 0) table.mean = value / purchases / static_cast<double>(kMicrosPerUnit);
  return table;
}

}  // namespace rapport::value

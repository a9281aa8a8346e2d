// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_table.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::value {
namespace {

struct Key {
  uint32_t frequency;
  double age_days, recency_days, weight;

  bool SameRow(const Key& other) const {
    return frequency == other.frequency && age_days == other.age_days &&
           recency_days == other.recency_days;
  }
  // Weight last: equal rows then add up in one order.
  bool operator<(const Key& other) const {
    return std::tie(frequency, age_days, recency_days, weight) <
           std::tie(other.frequency, other.age_days, other.recency_days, other.weight);
  }
};

absl::StatusOr<std::vector<Key>> SortedKeys(std::span<const PurchaseHistory> rows,
                                            std::span<const double> weights) {
  std::vector<Key> keys;
  keys.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    RETURN_IF_ERROR(ValidateRow(rows[i], i));
    const double weight = weights.empty() ? 1.0 : weights[i];
    if (weight == 0) continue;
    // + 0.0 turns a negative zero into zero.
    keys.push_back({rows[i].frequency, rows[i].age_days + 0.0, rows[i].recency_days + 0.0, weight});
  }
  std::sort(keys.begin(), keys.end());
  // Equal rows become one.
  size_t kept = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (kept > 0 && keys[kept - 1].SameRow(keys[i])) {
      keys[kept - 1].weight += keys[i].weight;
    } else {
      keys[kept++] = keys[i];
    }
  }
  keys.resize(kept);
  return keys;
}

std::vector<double> DistinctTimes(const std::vector<Key>& keys) {
  std::vector<double> times;
  times.reserve(2 * keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    // Sorted by age within a frequency: most repeats are neighbours.
    if (i == 0 || keys[i].age_days != keys[i - 1].age_days) times.push_back(keys[i].age_days);
    times.push_back(keys[i].recency_days);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

uint32_t IndexOf(const std::vector<double>& times, double value) {
  return static_cast<uint32_t>(std::lower_bound(times.begin(), times.end(), value) - times.begin());
}

void AddRow(const Key& key, PurchaseTable& table) {
  const double frequency = key.frequency;
  if (table.blocks.empty() || table.blocks.back().frequency != frequency) {
    table.blocks.push_back({frequency, table.rows.size(), table.rows.size(), 0});
  }
  table.rows.push_back(
      {IndexOf(table.times, key.age_days), IndexOf(table.times, key.recency_days), key.weight});
  PurchaseTable::Block& block = table.blocks.back();
  block.end = table.rows.size();
  block.weight += key.weight;
}

}  // namespace

absl::Status ValidateWeights(std::span<const double> weights, size_t rows) {
  if (weights.empty()) return absl::OkStatus();
  if (weights.size() != rows) {
    return InvalidField("weights", "LENGTH_MISMATCH", "must be one per row");
  }
  for (size_t i = 0; i < rows; ++i) {
    if (!std::isfinite(weights[i])) {
      return InvalidField(Cat("weights[", i, "]"), "NOT_FINITE", "must be a number");
    }
    if (weights[i] < 0) return InvalidField(Cat("weights[", i, "]"), "NEGATIVE", "must be >= 0");
  }
  return absl::OkStatus();
}

absl::StatusOr<PurchaseTable> FoldPurchases(std::span<const PurchaseHistory> rows,
                                            std::span<const double> weights,
                                            double time_unit_days) {
  RETURN_IF_ERROR(ValidateWeights(weights, rows.size()));
  ASSIGN_OR_RETURN(const std::vector<Key> keys, SortedKeys(rows, weights));
  PurchaseTable table;
  table.times = DistinctTimes(keys);
  table.rows.reserve(keys.size());
  double age_sum = 0;
  for (const Key& key : keys) {
    AddRow(key, table);
    age_sum += key.weight * key.age_days;
  }
  for (const PurchaseTable::Block& block : table.blocks) {
    table.weight += block.weight;
    if (block.frequency > 0) table.repeat_weight += block.weight;
  }
  for (double& time : table.times) time /= time_unit_days;
  if (table.weight > 0) table.mean_age = age_sum / table.weight / time_unit_days;
  return table;
}

}  // namespace rapport::value

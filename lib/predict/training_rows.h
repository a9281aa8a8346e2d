// SPDX-License-Identifier: Apache-2.0
// The rows a classifier learns from or is checked on: features at a cutoff, what happened
// afterwards, and a stable key.
//
// Rows may be added in any order and by several shards (Append); Sort() brings them into
// the order of their keys, ties by content, so that everything computed afterwards has
// the same bits whatever the order was. Numbers are kept transformed, as float32.
//
// Memory: 4 bytes a feature plus 17 bytes a row (1M rows of 23 features: 109 MB), plus 4
// bytes a row while sorting. Not thread-safe while rows are added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "lib/predict/features.h"

namespace rapport::predict {

// One customer at one cutoff.
struct LabelledRow {
  uint64_t key = 0;  // Stable across nights, such as a hash of the customer's id.
  std::span<const double> features;
  bool happened = false;
  double weight = 1;
  // Another forecast of the same outcome, to be compared with (P(no purchase in the
  // horizon) of a purchase model); never a feature. Missing when there is none.
  double baseline = kMissing;
};

class TrainingRows {
 public:
  explicit TrainingRows(FeatureTable table) : table_(table) {}

  void Reserve(size_t rows);
  // InvalidArgument: LENGTH_MISMATCH "features", NOT_POSITIVE "weight" (or above 1e9),
  // OUT_OF_RANGE "baseline".
  absl::Status Add(const LabelledRow& row);
  // All rows of the other, which has the same table.
  void Append(const TrainingRows& other);
  void Sort();
  // The rows whose hash falls among the first `most` of size(): about that many, and the
  // same ones every night. Keeps the order.
  TrainingRows Sample(size_t most) const;

  FeatureTable table() const { return table_; }
  size_t size() const { return keys_.size(); }
  std::span<const float> values(size_t row) const {
    return std::span(values_).subspan(row * table_.size(), table_.size());
  }
  std::span<const uint64_t> keys() const { return keys_; }
  std::span<const uint8_t> happened() const { return happened_; }
  std::span<const float> weights() const { return weights_; }
  std::span<const float> baselines() const { return baselines_; }
  // Rows in which it happened.
  size_t positives() const;

 private:
  void CopyRow(const TrainingRows& from, size_t row);
  bool Before(size_t a, size_t b) const;
  void MoveRow(size_t from, size_t to);

  FeatureTable table_;
  std::vector<uint64_t> keys_;
  std::vector<float> values_;  // Row-major, transformed; NaN is missing.
  std::vector<uint8_t> happened_;
  std::vector<float> weights_;
  std::vector<float> baselines_;
};

// Spreads keys evenly over 64 bits (the finisher of SplitMix64, Steele et al. 2014).
uint64_t SpreadKey(uint64_t key);
// Fold 0 .. folds - 1 of a key; independent of which rows Sample() takes.
uint32_t FoldOf(uint64_t key, uint32_t folds);

}  // namespace rapport::predict

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_table.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::value {
namespace {

// Up to here two times fit into 32 bits of a sort key.
constexpr size_t kMostDistinctTimes = 65'536;

// A row of input in sort order: by frequency, then by `order`, which is the age or, with
// few distinct times, the pair (age, recency) as one exact number.
struct Key {
  double order;
  uint32_t frequency;
  uint32_t row;

  bool operator<(const Key& other) const {
    return frequency != other.frequency ? frequency < other.frequency : order < other.order;
  }
  bool SamePlace(const Key& other) const {
    return frequency == other.frequency && order == other.order;
  }
};

class Folder {
 public:
  Folder(std::span<const PurchaseHistory> rows, std::span<const double> weights, double unit)
      : rows_(rows), weights_(weights), unit_(unit), log_unit_(std::log(unit)) {}

  absl::StatusOr<PurchaseTable> Fold() {
    RETURN_IF_ERROR(CollectTimes());
    SortKeys();
    table_.rows.reserve(CountDistinctRows());
    if (!few_times_) table_.times.reserve(CountTimes());
    for (size_t begin = 0, end = 0; begin < keys_.size(); begin = end) {
      end = EndOfRow(begin);
      AddRow(begin, end);
    }
    if (!few_times_) Store(*std::max_element(table_.times.begin(), table_.times.end()));
    Summarise();
    return std::move(table_);
  }

 private:
  double Weight(uint32_t row) const { return weights_.empty() ? 1.0 : weights_[row]; }
  // + 0.0 turns a negative zero into zero.
  double Age(uint32_t row) const { return rows_[row].age_days + 0.0; }
  double Recency(uint32_t row) const { return rows_[row].recency_days + 0.0; }

  // Distinct times in ascending order unless there are too many.
  absl::Status CollectTimes() {
    size_t kept = 0;
    for (size_t i = 0; i < rows_.size(); ++i) {
      RETURN_IF_ERROR(ValidateRow(rows_[i], i));
      const auto row = static_cast<uint32_t>(i);
      if (Weight(row) == 0) continue;
      ++kept;
      if (!few_times_) continue;
      index_.try_emplace(Age(row), 0);
      index_.try_emplace(Recency(row), 0);
      few_times_ = index_.size() <= kMostDistinctTimes;
    }
    keys_.reserve(kept);
    if (!few_times_) {
      index_ = {};
      return absl::OkStatus();
    }
    for (const auto& [time, unused] : index_) table_.times.push_back(time);
    std::sort(table_.times.begin(), table_.times.end());
    for (size_t i = 0; i < table_.times.size(); ++i) {
      index_[table_.times[i]] = static_cast<uint32_t>(i);
    }
    return absl::OkStatus();
  }

  void SortKeys() {
    for (size_t i = 0; i < rows_.size(); ++i) {
      const auto row = static_cast<uint32_t>(i);
      if (Weight(row) == 0) continue;
      double order = Age(row);
      if (few_times_) {
        order = static_cast<double>(kMostDistinctTimes) * index_.find(order)->second +
                index_.find(Recency(row))->second;
      }
      keys_.push_back({order, rows_[i].frequency, row});
    }
    std::sort(keys_.begin(), keys_.end());
    for (size_t begin = 0, end = 0; begin < keys_.size(); begin = end) {
      end = begin + 1;
      while (end < keys_.size() && keys_[end].SamePlace(keys_[begin])) ++end;
      SortEqualKeys(begin, end);
    }
  }

  // The rest of a row, so that sums have one order: recency, log gaps, weight.
  auto Rest(const Key& key) const {
    return std::tuple(Recency(key.row), rows_[key.row].sum_log_gap_days, Weight(key.row));
  }
  void SortEqualKeys(size_t begin, size_t end) {
    const auto less = [this](const Key& a, const Key& b) { return Rest(a) < Rest(b); };
    const auto first = keys_.begin() + static_cast<ptrdiff_t>(begin);
    const auto last = keys_.begin() + static_cast<ptrdiff_t>(end);
    if (!std::is_sorted(first, last, less)) std::sort(first, last, less);
  }

  bool SameRow(const Key& a, const Key& b) const {
    return a.SamePlace(b) && (few_times_ || Recency(a.row) == Recency(b.row));
  }
  size_t EndOfRow(size_t begin) const {
    size_t end = begin + 1;
    while (end < keys_.size() && SameRow(keys_[begin], keys_[end])) ++end;
    return end;
  }
  size_t CountDistinctRows() const {
    size_t count = 0;
    for (size_t begin = 0; begin < keys_.size(); begin = EndOfRow(begin)) ++count;
    return count;
  }

  bool NewAge(size_t begin) const {
    return begin == 0 || Age(keys_[begin].row) != Age(keys_[begin - 1].row);
  }
  bool NewRecency(uint32_t row) const { return Recency(row) > 0 && Recency(row) != Age(row); }
  // As PlaceTimes will store them.
  size_t CountTimes() const {
    size_t count = 2;  // Zero and the largest.
    for (size_t begin = 0; begin < keys_.size(); begin = EndOfRow(begin)) {
      count += size_t{NewAge(begin)} + size_t{NewRecency(keys_[begin].row)};
    }
    return count;
  }
  uint32_t Store(double time) {
    table_.times.push_back(time);
    return static_cast<uint32_t>(table_.times.size() - 1);
  }
  // Many times are kept in the order of rows, where a likelihood passes over them.
  void PlaceTimes(size_t begin, PurchaseTable::Row& row) {
    const uint32_t input = keys_[begin].row;
    if (few_times_) {
      row.age = index_.find(Age(input))->second;
      row.recency = index_.find(Recency(input))->second;
      return;
    }
    if (table_.times.empty()) Store(0);
    row.age = NewAge(begin) ? Store(Age(input)) : table_.rows.back().age;
    row.recency = NewRecency(input) ? Store(Recency(input)) : Recency(input) > 0 ? row.age : 0;
  }

  PurchaseTable::Block& BlockOf(double frequency) {
    const size_t next = table_.rows.size();
    if (table_.blocks.empty() || table_.blocks.back().frequency != frequency) {
      table_.blocks.push_back({frequency, next, next, 0, 0});
    }
    return table_.blocks.back();
  }

  void AddRow(size_t begin, size_t end) {
    const double frequency = keys_[begin].frequency;
    PurchaseTable::Block& block = BlockOf(frequency);
    PurchaseTable::Row row;
    for (size_t i = begin, next = begin; i < end; i = next) {
      // Equal gaps are weighed together, as if they were one row of that weight.
      const double log_gaps = rows_[keys_[i].row].sum_log_gap_days;
      double weight = 0;
      for (; next < end && rows_[keys_[next].row].sum_log_gap_days == log_gaps; ++next) {
        weight += Weight(keys_[next].row);
      }
      row.weight += weight;
      if (frequency > 0) block.log_gaps += weight * (log_gaps - frequency * log_unit_);
    }
    PlaceTimes(begin, row);
    table_.rows.push_back(row);
    block.end = table_.rows.size();
    block.weight += row.weight;
    age_sum_ += row.weight * Age(keys_[begin].row);
  }

  void Summarise() {
    for (const PurchaseTable::Block& block : table_.blocks) {
      table_.weight += block.weight;
      table_.log_gaps += block.log_gaps;
      if (block.frequency > 0) table_.repeat_weight += block.weight;
    }
    for (double& time : table_.times) time /= unit_;
    if (table_.weight > 0) table_.mean_age = age_sum_ / table_.weight / unit_;
  }

  std::span<const PurchaseHistory> rows_;
  std::span<const double> weights_;
  double unit_, log_unit_;
  bool few_times_ = true;
  absl::flat_hash_map<double, uint32_t> index_;  // Of few times.
  std::vector<Key> keys_;
  PurchaseTable table_;
  double age_sum_ = 0;
};

}  // namespace

std::vector<PurchaseTable::Block> PurchaseTable::BlocksIn(RowRange range) const {
  std::vector<Block> result;
  for (const Block& block : blocks) {
    Block piece = block;
    piece.begin = std::max(block.begin, range.begin);
    piece.end = std::min(block.end, range.end);
    if (piece.begin >= piece.end) continue;
    if (piece.begin != block.begin) piece.log_gaps = 0;
    if (piece.end - piece.begin != block.end - block.begin) {
      piece.weight = 0;
      for (size_t i = piece.begin; i < piece.end; ++i) piece.weight += rows[i].weight;
    }
    result.push_back(piece);
  }
  return result;
}

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
  return Folder(rows, weights, time_unit_days).Fold();
}

}  // namespace rapport::value

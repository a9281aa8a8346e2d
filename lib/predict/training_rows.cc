// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/training_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "lib/base/errors.h"
#include "lib/base/splitmix.h"

namespace rapport::predict {
namespace {

constexpr double kLargestWeight = 1e9;
constexpr uint64_t kFoldSalt = 0x666f6c6473ULL;

}  // namespace

uint64_t SpreadKey(uint64_t key) { return SplitMixOf(key); }

uint32_t FoldOf(uint64_t key, uint32_t folds) {
  return static_cast<uint32_t>(SpreadKey(SpreadKey(key) ^ kFoldSalt) % folds);
}

void TrainingRows::Reserve(size_t rows) {
  keys_.reserve(rows);
  values_.reserve(rows * table_.size());
  happened_.reserve(rows);
  weights_.reserve(rows);
  baselines_.reserve(rows);
}

absl::Status TrainingRows::Add(const LabelledRow& row) {
  if (row.features.size() != table_.size()) {
    return InvalidField("features", "LENGTH_MISMATCH", "one number per feature of the table");
  }
  if (!(row.weight >= 1 / kLargestWeight && row.weight <= kLargestWeight)) {
    return InvalidField("weight", "NOT_POSITIVE", "must lie between 1e-9 and 1e9");
  }
  if (row.baseline < 0 || row.baseline > 1) {
    return InvalidField("baseline", "OUT_OF_RANGE", "must be a probability, or missing");
  }
  keys_.push_back(row.key);
  for (size_t i = 0; i < table_.size(); ++i) {
    values_.push_back(static_cast<float>(Transformed(table_[i], row.features[i])));
  }
  happened_.push_back(row.happened ? 1 : 0);
  weights_.push_back(static_cast<float>(row.weight));
  baselines_.push_back(static_cast<float>(row.baseline));
  return absl::OkStatus();
}

void TrainingRows::CopyRow(const TrainingRows& from, size_t row) {
  const std::span<const float> values = from.values(row);
  keys_.push_back(from.keys_[row]);
  values_.insert(values_.end(), values.begin(), values.end());
  happened_.push_back(from.happened_[row]);
  weights_.push_back(from.weights_[row]);
  baselines_.push_back(from.baselines_[row]);
}

void TrainingRows::Append(const TrainingRows& other) {
  Reserve(size() + other.size());
  for (size_t row = 0; row < other.size(); ++row) CopyRow(other, row);
}

// By key, then by every bit of the content, so that rows that tie are the same row.
bool TrainingRows::Before(size_t a, size_t b) const {
  if (keys_[a] != keys_[b]) return keys_[a] < keys_[b];
  if (happened_[a] != happened_[b]) return happened_[a] < happened_[b];
  const auto bits = [](float x) { return std::bit_cast<uint32_t>(x); };
  if (bits(weights_[a]) != bits(weights_[b])) return bits(weights_[a]) < bits(weights_[b]);
  if (bits(baselines_[a]) != bits(baselines_[b])) return bits(baselines_[a]) < bits(baselines_[b]);
  const std::span<const float> left = values(a), right = values(b);
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [&](float x, float y) { return bits(x) < bits(y); });
}

void TrainingRows::MoveRow(size_t from, size_t to) {
  keys_[to] = keys_[from];
  happened_[to] = happened_[from];
  weights_[to] = weights_[from];
  baselines_[to] = baselines_[from];
  const std::span<const float> values_from = values(from);
  std::copy(values_from.begin(), values_from.end(),
            values_.begin() + static_cast<std::ptrdiff_t>(to * table_.size()));
}

void TrainingRows::Sort() {
  std::vector<uint32_t> order(size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [this](uint32_t a, uint32_t b) { return Before(a, b); };
  if (std::is_sorted(order.begin(), order.end(), before)) return;
  std::sort(order.begin(), order.end(), before);
  // Follows the cycles of the permutation in place, with one spare row at the end.
  TrainingRows spare(table_);
  for (uint32_t start = 0; start < order.size(); ++start) {
    if (order[start] == start) continue;
    const size_t last = size();
    spare.CopyRow(*this, start);
    CopyRow(spare, 0);
    uint32_t place = start;
    while (order[place] != start) {
      const uint32_t next = order[place];
      MoveRow(next, place);
      order[place] = place;
      place = next;
    }
    MoveRow(last, place);
    order[place] = place;
    keys_.pop_back();
    happened_.pop_back();
    weights_.pop_back();
    baselines_.pop_back();
    values_.resize(last * table_.size());
    spare = TrainingRows(table_);
  }
}

TrainingRows TrainingRows::Sample(size_t most) const {
  TrainingRows sample(table_);
  if (most >= size()) return *this;
  const double share = static_cast<double>(most) / static_cast<double>(size());
  const uint64_t limit = static_cast<uint64_t>(std::ldexp(share, 64));
  for (size_t row = 0; row < size(); ++row) {
    if (SpreadKey(keys_[row]) < limit) sample.CopyRow(*this, row);
  }
  return sample;
}

size_t TrainingRows::positives() const {
  return static_cast<size_t>(std::count(happened_.begin(), happened_.end(), uint8_t{1}));
}

}  // namespace rapport::predict

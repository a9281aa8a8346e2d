// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/sum_table.h"

namespace rapport::metrics {

Sums* SumTable::Group(const GroupKey& key, size_t slot) {
  const auto [found, added] = places_.try_emplace(key, rows_.size());
  if (added) {
    if ((rows_.size() + 1) * total_.size() > kMaxGroupSlots) {
      places_.erase(found);
      overflowed_ = true;
      return nullptr;
    }
    rows_.emplace_back(total_.size());
  }
  return &rows_[found->second][slot];
}

void SumTable::Merge(const SumTable& other, const Grouping& grouping) {
  for (size_t i = 0; i < total_.size(); ++i) total_[i].Add(other.total_[i]);
  overflowed_ = overflowed_ || other.overflowed_;
  for (const auto& [key, place] : other.places_) {
    GroupKey own = key;
    for (size_t i = 0; i < grouping.dimensions().size(); ++i) {
      if (grouping.dimensions()[i].kind != DimensionKind::kProperty || key[i] == 0) continue;
      own[i] = properties_.NumberOf(other.properties_.Text(key[i]));
    }
    const std::vector<Sums>& row = other.rows_[place];
    for (size_t i = 0; i < row.size(); ++i) {
      Sums* sums = Group(own, i);
      if (sums == nullptr) break;
      sums->Add(row[i]);
    }
  }
}

void SumTable::Clear() {
  for (Sums& sums : total_) sums = Sums();
  places_.clear();
  rows_.clear();
}

}  // namespace rapport::metrics

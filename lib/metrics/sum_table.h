// SPDX-License-Identifier: Apache-2.0
// The sums of a query: a row of slots (prepared_query.h) for the total and one per group.
// What the three plans fill and Respond prints. Not thread-safe; Merge tables of threads.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/metrics/grouping.h"
#include "lib/metrics/sums.h"

namespace rapport::metrics {

// Slots of all groups together; beyond, the table only remembers that there were too many.
inline constexpr size_t kMaxGroupSlots = 2'000'000;

class SumTable {
 public:
  explicit SumTable(size_t slots) : total_(slots) {}

  Sums& Total(size_t slot) { return total_[slot]; }
  // nullptr when there are too many groups.
  Sums* Group(const GroupKey& key, size_t slot);
  // The numbers of properties, which group keys hold.
  PropertyNames& properties() { return properties_; }
  const PropertyNames& properties() const { return properties_; }

  const std::vector<Sums>& total() const { return total_; }
  const absl::flat_hash_map<GroupKey, size_t>& groups() const { return places_; }
  const std::vector<Sums>& row(size_t place) const { return rows_[place]; }
  bool overflowed() const { return overflowed_; }

  // `grouping` says which parts of keys are numbers of properties.
  void Merge(const SumTable& other, const Grouping& grouping);
  // Empties it but keeps the numbers of properties.
  void Clear();

 private:
  std::vector<Sums> total_;
  absl::flat_hash_map<GroupKey, size_t> places_;
  std::vector<std::vector<Sums>> rows_;
  PropertyNames properties_;
  bool overflowed_ = false;
};

}  // namespace rapport::metrics

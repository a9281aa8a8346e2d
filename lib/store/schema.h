// SPDX-License-Identifier: Apache-2.0
// What is stored where: every family of the store by name, with the grammar of its keys,
// what a row is, how long it stays and how writes combine. docs/storage.md prints this
// table; a test holds the two together.
//
// Grammar: `field:width` in key order. u8..u64 and i64 are big-endian; `bytes` runs to the
// end of its part; `offset` is stored plus 2^31, `inverted` sorts newest first. In tables
// ` / ` separates partition and row.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/store/seam.h"

namespace rapport::store {

struct FamilySpec {
  std::string_view name;
  std::string_view key;
  std::string_view value;
  std::string_view retention;
  std::string_view writes;
};

// In the order log, tables by TableId, datasets by DatasetId.
std::span<const FamilySpec> Families();

inline constexpr TableId kAllTables[] = {
    TableId::kIdentities, TableId::kCustomers, TableId::kDictionary, TableId::kWorkspaces,
    TableId::kRuns,       TableId::kPointers,  TableId::kDefinitions};
inline constexpr std::string_view kLogName = "log";
std::string_view TableName(TableId table);

// Rows of these are versioned by segment, the others by generation.
inline constexpr DatasetId kEventDatasets[] = {DatasetId::kEventBlocks, DatasetId::kEventPayloads,
                                               DatasetId::kEventIds};
bool IsEventDataset(DatasetId dataset);
// Whether rows are mostly asked for one by one (they get a Bloom filter).
bool IsPointRead(DatasetId dataset);

}  // namespace rapport::store

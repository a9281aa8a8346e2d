// SPDX-License-Identifier: Apache-2.0
// The rules of Table over any ordered map of byte strings: keys, merge kinds, tokens,
// compare-and-set, leases. A backend gives Load, Commit and Walk.
//
// One key holds partition and row, in order and free of clashes:
//   space u8 | partition with each 00 as 00 FF | 00 01 | row
// space 1 holds rows; space 2, row empty, the fingerprints of a partition's last tokens.
//
// Thread-safe: writers of one partition take turns under one of 64 locks; readers take
// none. A write costs one Commit; merges, tokens, PutIf and Lease read first.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "lib/store/seam.h"

namespace rapport::store {

// A row's key, and back. Exposed for tests and for tools that print keys.
std::string TableKey(std::string_view partition, std::string_view row);
struct TableKeyParts {
  std::string partition;
  std::string_view row;  // Into the decoded bytes.
};
std::optional<TableKeyParts> DecodeTableKey(std::string_view bytes);
// The first key after all keys that start with `prefix`; empty if there is none.
std::string AfterPrefix(std::string prefix);

// What a row becomes by a mutation (nullopt: absent). InvalidArgument for a value the
// kind cannot take, DataLoss if the stored one does not fit the kind.
absl::StatusOr<std::optional<std::string>> Combine(MergeKind kind,
                                                   const std::optional<std::string>& stored,
                                                   std::string_view value);

class RowTable : public Table {
 public:
  absl::Status Apply(const PartitionWrite& write, std::string_view token) final;
  absl::Status ApplyAll(std::span<const PartitionWrite> writes) final;
  absl::StatusOr<std::string> Read(std::string_view partition, std::string_view row) const final;
  absl::Status Scan(std::string_view partition, std::string_view row_prefix,
                    Visit visit) const final;
  absl::Status ScanAll(std::string_view partition_prefix, Visit visit) const final;
  absl::StatusOr<bool> PutIf(std::string_view partition, std::string_view row,
                             const std::optional<std::string>& expected,
                             std::string_view value) final;
  absl::StatusOr<uint64_t> Lease(std::string_view partition, std::string_view row,
                                 std::string_view holder, int64_t now_micros,
                                 int64_t ttl_micros) final;

 protected:
  // Key and new value; nullopt deletes.
  using Change = std::pair<std::string, std::optional<std::string>>;
  using Walker = absl::FunctionRef<absl::Status(std::string_view key, std::string_view value)>;

  virtual absl::StatusOr<std::optional<std::string>> Load(std::string_view key) const = 0;
  // Durable and at once; a later change of the same key wins.
  virtual absl::Status Commit(std::span<const Change> changes) = 0;
  // Keys in [begin, end) in order, as of one moment; an empty end is the end of the map.
  virtual absl::Status Walk(std::string_view begin, std::string_view end, Walker walk) const = 0;

 private:
  static constexpr size_t kLockCount = 64;
  class PartitionLocks;
  absl::Status Collect(const PartitionWrite& write, std::vector<Change>& changes) const;
  absl::StatusOr<std::optional<std::string>> Latest(std::string_view key,
                                                    std::span<const Change> changes) const;
  absl::Status Visitor(std::string_view begin, Visit visit) const;
  size_t LockOf(std::string_view partition) const;
  mutable std::array<absl::Mutex, kLockCount> locks_;
};

}  // namespace rapport::store

// SPDX-License-Identifier: Apache-2.0
// The definitions of one workspace: rows of table kDefinitions by kind and id, as bytes.
// What they mean is known to their owners (keys.h names them).
//
//   const store::Definitions definitions(store.table(TableId::kDefinitions), workspace_no);
//   ASSIGN_OR_RETURN(const auto rows, definitions.List(DefinitionKind::kMetric));
//
// A view of the table: cheap to make, thread-safe. Reading and changing what was read is
// not one step; writers take turns by a lock of their own, or use PutIf.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/store/keys.h"
#include "lib/store/seam.h"

namespace rapport::store {

struct Definition {
  std::string id;
  std::string bytes;
};

struct DefinitionChange {
  DefinitionKind kind = DefinitionKind::kMetric;
  std::string id;
  std::optional<std::string> bytes;  // nullopt: removed.
};

class Definitions {
 public:
  Definitions(Table& table, uint32_t workspace_no)
      : table_(table), partition_(DefinitionPartition(workspace_no)) {}

  // In the order of ids' bytes; only ids that start with `prefix`.
  absl::StatusOr<std::vector<Definition>> List(DefinitionKind kind,
                                               std::string_view prefix = {}) const;
  // NotFound when there is none.
  absl::StatusOr<std::string> Read(DefinitionKind kind, std::string_view id) const;
  // All or none.
  absl::Status Write(std::span<const DefinitionChange> changes);
  // Sets if the row is as expected (nullopt: absent); false if it is not.
  absl::StatusOr<bool> PutIf(DefinitionKind kind, std::string_view id,
                             const std::optional<std::string>& expected, std::string_view bytes);

 private:
  Table& table_;
  std::string partition_;
};

}  // namespace rapport::store

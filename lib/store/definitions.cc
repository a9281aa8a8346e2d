// SPDX-License-Identifier: Apache-2.0
#include "lib/store/definitions.h"

#include <utility>

#include "lib/base/status_macros.h"

namespace rapport::store {

absl::StatusOr<std::vector<Definition>> Definitions::List(DefinitionKind kind,
                                                          std::string_view prefix) const {
  std::vector<Definition> found;
  RETURN_IF_ERROR(table_.Scan(partition_, DefinitionRow(kind, prefix),
                              [&](std::string_view, std::string_view row, std::string_view value) {
                                found.push_back({std::string(row.substr(1)), std::string(value)});
                                return absl::OkStatus();
                              }));
  return found;
}

absl::StatusOr<std::string> Definitions::Read(DefinitionKind kind, std::string_view id) const {
  return table_.Read(partition_, DefinitionRow(kind, id));
}

absl::Status Definitions::Write(std::span<const DefinitionChange> changes) {
  PartitionWrite write{partition_, {}};
  write.mutations.reserve(changes.size());
  for (const DefinitionChange& change : changes) {
    write.mutations.push_back({change.bytes.has_value() ? MergeKind::kSet : MergeKind::kDelete,
                               DefinitionRow(change.kind, change.id),
                               change.bytes.value_or(std::string())});
  }
  return table_.Apply(write);
}

absl::StatusOr<bool> Definitions::PutIf(DefinitionKind kind, std::string_view id,
                                        const std::optional<std::string>& expected,
                                        std::string_view bytes) {
  return table_.PutIf(partition_, DefinitionRow(kind, id), expected, bytes);
}

}  // namespace rapport::store

// SPDX-License-Identifier: Apache-2.0
#include "lib/segment_store/definition_rows.h"

#include <map>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"

namespace rapport::segment_store {
namespace {

using store::DefinitionKind;

std::string ListRow(uint32_t number, uint32_t part) {
  std::string id;
  PutBigEndian(id, number);
  PutBigEndian(id, static_cast<uint16_t>(part));
  return id;
}

absl::Status ReadLists(const store::Definitions& definitions,
                       std::map<uint32_t, segments::Bitmap>& lists) {
  ASSIGN_OR_RETURN(const auto rows, definitions.List(DefinitionKind::kSegmentList));
  for (const store::Definition& row : rows) {
    std::string_view id = row.id;
    uint32_t number = 0;
    if (!GetBigEndian(id, number)) return DataLoss("definitions/segment_list", "foreign key");
    RETURN_IF_ERROR(lists[number].AddPart(row.bytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<segments::StoredSegment>> ReadSegments(
    const store::Definitions& definitions) {
  ASSIGN_OR_RETURN(const auto rows, definitions.List(DefinitionKind::kSegment));
  std::map<uint32_t, segments::Bitmap> lists;
  if (!rows.empty()) RETURN_IF_ERROR(ReadLists(definitions, lists));
  std::vector<segments::StoredSegment> all;
  for (const store::Definition& row : rows) {
    segments::StoredSegment& segment = all.emplace_back();
    segment.id = row.id;
    if (!segment.record.ParseFromString(row.bytes)) {
      return DataLoss(Cat("definitions/segment/", row.id), "row does not decode");
    }
    const auto list = lists.find(segment.record.number());
    if (list != lists.end() && segment.is_list()) segment.list = std::move(list->second);
  }
  return all;
}

std::vector<store::DefinitionChange> ChangesOf(const segments::StoredSegment& segment,
                                               const segments::Bitmap& members_before) {
  const uint32_t number = segment.record.number();
  std::vector<store::DefinitionChange> changes;
  changes.push_back({DefinitionKind::kSegment, segment.id, segment.record.SerializeAsString()});
  const auto parts = segment.list.Encode();
  for (const auto& [part, bytes] : parts) {
    changes.push_back({DefinitionKind::kSegmentList, ListRow(number, part), bytes});
  }
  for (const auto& [part, bytes] : members_before.Encode()) {
    if (parts.contains(part)) continue;
    changes.push_back({DefinitionKind::kSegmentList, ListRow(number, part), std::nullopt});
  }
  return changes;
}

}  // namespace rapport::segment_store

// SPDX-License-Identifier: Apache-2.0
// Definitions of segments as rows of table definitions: a record a segment (a deleted one
// keeps its number) and the members of lists as Roaring parts.
//
// Thread-safe; writers take turns by a lock of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/segments/book.h"
#include "lib/store/definitions.h"

namespace rapport::segment_store {

// By id, deleted ones included. DataLoss for rows that do not decode.
absl::StatusOr<std::vector<segments::StoredSegment>> ReadSegments(
    const store::Definitions& definitions);

// What writing `record` (and its list's members; the rows of members before go) changes.
std::vector<store::DefinitionChange> ChangesOf(const segments::StoredSegment& segment,
                                               const segments::Bitmap& members_before);

}  // namespace rapport::segment_store

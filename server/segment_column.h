// SPDX-License-Identifier: Apache-2.0
// Membership of a segment as a dimension of customers, `segment.ID`: code 1 for members as
// of the generation, labelled with the segment's id. Reading costs about 1 ms a million.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "server/call_context.h"
#include "server/customer_columns.h"

namespace rapport::server {

inline constexpr std::string_view kSegmentDimension = "segment.";

// InvalidField segment UNKNOWN_SEGMENT; FailedPrecondition NO_NIGHT_YET while no night has
// seen the definition as it stands.
absl::StatusOr<CodeColumnHandle> LoadSegmentColumn(const CallContext& call,
                                                   const WorkspaceScope& scope,
                                                   std::string_view id);

}  // namespace rapport::server

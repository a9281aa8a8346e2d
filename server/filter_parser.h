// SPDX-License-Identifier: Apache-2.0
// From filter text to a tree. Used by Filter::Parse only. Pure.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "server/filter.h"

namespace rapport::server {

// `text` has at least one term. InvalidField filter with the position (from 1).
absl::StatusOr<FilterNode> ParseFilterText(std::string_view text);

}  // namespace rapport::server

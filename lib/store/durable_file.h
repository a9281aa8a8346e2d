// SPDX-License-Identifier: Apache-2.0
// Small files written so that after a crash the old or the new content stands, never half:
// written aside, synced, renamed, folder synced.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rapport::store {

// Unavailable when the device fails.
absl::Status WriteDurably(const std::string& path, std::string_view bytes);
// NotFound if there is no such file.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace rapport::store

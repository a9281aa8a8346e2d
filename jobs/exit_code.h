// SPDX-License-Identifier: Apache-2.0
// Exit codes of rapport-nightly, for cron and systemd (numbers of sysexits.h).
#pragma once

#include "absl/status/status.h"

namespace rapport::jobs {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 64;        // Wrong flags, or a file they name cannot be read.
inline constexpr int kExitBadStore = 65;     // Stored or given data is broken.
inline constexpr int kExitUnreachable = 69;  // Server away, or no room to work.
inline constexpr int kExitInternal = 70;     // A fault of ours.
inline constexpr int kExitTryLater = 75;     // Another run is at work, or the base changed.
inline constexpr int kExitNotAllowed = 77;   // The token does not allow it.

int ExitCodeOf(const absl::Status& status);

}  // namespace rapport::jobs

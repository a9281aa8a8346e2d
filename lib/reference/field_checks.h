// SPDX-License-Identifier: Apache-2.0
// Checks of single request fields that imports and goals share. Pure, thread-safe.
// Errors: InvalidField(field, reason).
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/calendar.h"

namespace rapport::reference {

// Entries an import may bring.
inline constexpr int kMaxImported = 10'000;
inline constexpr size_t kMaxSourceBytes = 256;

// REQUIRED or BAD_ID unless 1-63 of [a-z0-9_], and - if `dashes`, starting with a letter.
absl::Status CheckId(std::string_view field, std::string_view id, bool dashes);
// TOO_LONG above `max_bytes`, BAD_TEXT for control characters.
absl::Status CheckText(std::string_view field, std::string_view text, size_t max_bytes);
// The same; REQUIRED when empty.
absl::Status CheckRequiredText(std::string_view field, std::string_view text, size_t max_bytes);
// REQUIRED or BAD_DATE unless YYYY-MM-DD.
absl::StatusOr<CivilDays> CheckDate(std::string_view field, std::string_view date);
// REQUIRED for 0, TOO_MANY above kMaxImported.
absl::Status CheckCount(std::string_view field, int count);

}  // namespace rapport::reference

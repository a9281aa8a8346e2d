// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/field_checks.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::reference {
namespace {

constexpr size_t kMaxIdBytes = 63;

}  // namespace

absl::Status CheckId(std::string_view field, std::string_view id, bool dashes) {
  if (id.empty()) return InvalidField(field, "REQUIRED", "is required");
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool good =
      id.size() <= kMaxIdBytes && is_letter(id[0]) &&
      std::all_of(id.begin(), id.end(), [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || (dashes && c == '-');
      });
  if (good) return absl::OkStatus();
  return InvalidField(field, "BAD_ID",
                      dashes ? "must be 1-63 of [a-z0-9_-], starting with a letter"
                             : "must be 1-63 of [a-z0-9_], starting with a letter");
}

absl::Status CheckText(std::string_view field, std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    return InvalidField(field, "TOO_LONG", Cat("must be at most ", max_bytes, " bytes"));
  }
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (!control) return absl::OkStatus();
  return InvalidField(field, "BAD_TEXT", "must not contain control characters");
}

absl::Status CheckRequiredText(std::string_view field, std::string_view text, size_t max_bytes) {
  if (text.empty()) return InvalidField(field, "REQUIRED", "is required");
  return CheckText(field, text, max_bytes);
}

absl::StatusOr<CivilDays> CheckDate(std::string_view field, std::string_view date) {
  if (date.empty()) return InvalidField(field, "REQUIRED", "is required");
  const auto day = ParseDate(date);
  if (day.ok()) return *day;
  return InvalidField(field, "BAD_DATE", Cat("'", date, "' is not a date such as 2026-03-01"));
}

absl::Status CheckCount(std::string_view field, int count) {
  if (count == 0) return InvalidField(field, "REQUIRED", "is required");
  if (count <= kMaxImported) return absl::OkStatus();
  return InvalidField(field, "TOO_MANY", Cat("must be at most ", kMaxImported));
}

}  // namespace rapport::reference

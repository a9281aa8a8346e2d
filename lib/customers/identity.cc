// SPDX-License-Identifier: Apache-2.0
// What an identity may look like, and how it is written in a resource name.
#include <algorithm>
#include <array>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/customers/directory.h"

namespace rapport::customers {
namespace {

constexpr size_t kMaxIdentityBytes = 256;
constexpr size_t kMaxPhoneDigits = 15;  // ITU-T E.164.

// What careless clients send when they do not know the customer: accepting it would join
// strangers into one customer.
constexpr std::array<std::string_view, 12> kPlaceholders = {
    "null", "undefined", "anonymous", "guest", "none",   "-1",
    "nil",  "nan",       "unknown",   "n/a",   "(null)", "[object object]"};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return Lower(a) == b; });
}

bool IsPlaceholder(std::string_view value) {
  if (std::ranges::all_of(value, [](char c) { return c == '0' || c == '-'; })) return true;
  return value.size() <= 15 && std::ranges::any_of(kPlaceholders, [value](std::string_view word) {
           return EqualsIgnoringCase(value, word);
         });
}

bool IsPhone(std::string_view value) {
  if (value.size() < 3 || value.size() > kMaxPhoneDigits + 1 || value[0] != '+') return false;
  const std::string_view digits = value.substr(1);
  return digits[0] != '0' &&
         std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

bool IsEmail(std::string_view value) {
  const size_t at = value.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < value.size() &&
         value.find('@', at + 1) == std::string_view::npos &&
         value.find(' ') == std::string_view::npos;
}

// Why the value cannot be an identity of this kind; empty if it can.
std::string_view Problem(v1::IdentityKind kind, std::string_view value) {
  if (value.empty()) return "must not be empty";
  if (value.size() > kMaxIdentityBytes) return "is longer than 256 bytes";
  if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    return "holds a control character";
  }
  if (IsPlaceholder(value)) return "is a placeholder, not an identity";
  switch (kind) {
    case v1::IDENTITY_KIND_CUSTOMER_ID:
      return SplitName(value).kind == kind ? "" : "begins like the name of another kind";
    case v1::IDENTITY_KIND_EMAIL:
      return IsEmail(value) ? "" : "is not an e-mail address";
    case v1::IDENTITY_KIND_PHONE:
      return IsPhone(value) ? "" : "is not a telephone number such as +4930123456";
    case v1::IDENTITY_KIND_EXTERNAL_ID:
    case v1::IDENTITY_KIND_DEVICE_ID:
    case v1::IDENTITY_KIND_ANONYMOUS_ID:
      return "";
    default:
      return "needs a kind";
  }
}

}  // namespace

std::string_view KindName(v1::IdentityKind kind) {
  switch (kind) {
    case v1::IDENTITY_KIND_CUSTOMER_ID:
      return "customer_id";
    case v1::IDENTITY_KIND_EMAIL:
      return "email";
    case v1::IDENTITY_KIND_PHONE:
      return "phone";
    case v1::IDENTITY_KIND_EXTERNAL_ID:
      return "external_id";
    case v1::IDENTITY_KIND_DEVICE_ID:
      return "device_id";
    case v1::IDENTITY_KIND_ANONYMOUS_ID:
      return "anonymous_id";
    default:
      return "";
  }
}

std::string IdentityName(v1::IdentityKind kind, std::string_view value) {
  if (kind == v1::IDENTITY_KIND_CUSTOMER_ID) return std::string(value);
  return Cat(KindName(kind), ":", value);
}

IdentityRef SplitName(std::string_view name) {
  const size_t colon = name.find(':');
  if (colon != std::string_view::npos) {
    for (int kind = v1::IDENTITY_KIND_EMAIL; kind <= v1::IDENTITY_KIND_ANONYMOUS_ID; ++kind) {
      if (name.substr(0, colon) == KindName(static_cast<v1::IdentityKind>(kind))) {
        return {static_cast<v1::IdentityKind>(kind), name.substr(colon + 1)};
      }
    }
  }
  return {v1::IDENTITY_KIND_CUSTOMER_ID, name};
}

absl::Status CheckIdentity(v1::IdentityKind kind, std::string_view value, std::string_view field) {
  const std::string_view problem = Problem(kind, value);
  return problem.empty() ? absl::OkStatus() : InvalidField(field, "BAD_IDENTITY", problem);
}

absl::StatusOr<std::string> NormalizeIdentity(v1::IdentityKind kind, std::string_view value,
                                              std::string_view field) {
  if (absl::Status status = CheckIdentity(kind, value, field); !status.ok()) return status;
  std::string normal(value);
  if (kind == v1::IDENTITY_KIND_EMAIL) std::ranges::transform(normal, normal.begin(), Lower);
  return normal;
}

}  // namespace rapport::customers

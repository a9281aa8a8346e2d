// SPDX-License-Identifier: Apache-2.0
#include "server/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/base/varint.h"

namespace rapport::server {
namespace {

constexpr char kFormat = 1;

// Covers the position too, so that a damaged token is refused.
uint64_t Fingerprint(std::string_view method, std::string_view request, std::string_view position) {
  return HashText64(Cat(method, "\n", request.size(), "\n", request, position));
}

}  // namespace

std::string EncodePageToken(std::string_view method, std::string_view request,
                            std::string_view position) {
  std::string bytes(1, kFormat);
  PutBigEndian(bytes, Fingerprint(method, request, position));
  bytes += position;
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<std::string> DecodePageToken(std::string_view token, std::string_view method,
                                            std::string_view request) {
  if (token.empty()) return std::string();
  std::string bytes;
  if (absl::WebSafeBase64Unescape(ToAbsl(token), &bytes)) {
    std::string_view rest = bytes;
    uint64_t fingerprint = 0;
    if (!rest.empty() && rest[0] == kFormat) {
      rest.remove_prefix(1);
      if (GetBigEndian(rest, fingerprint) && fingerprint == Fingerprint(method, request, rest)) {
        return std::string(rest);
      }
    }
  }
  return InvalidField("page_token", "BAD_PAGE_TOKEN",
                      "must be the next_page_token of the same request");
}

absl::StatusOr<int32_t> PageSize(int32_t asked, PageLimits limits) {
  if (asked < 0) return InvalidField("page_size", "NEGATIVE", "must not be negative");
  return asked == 0 ? limits.standard : std::min(asked, limits.maximum);
}

}  // namespace rapport::server

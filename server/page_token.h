// SPDX-License-Identifier: Apache-2.0
// Page tokens: where the next page begins, bound to the request that asked. A token sent
// with another filter, parent or order is refused, not silently misread.
//
// Opaque to clients (web-safe base64), not secret. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rapport::server {

// `request` is what must not change between pages, e.g. Cat(parent, "\n", filter).
std::string EncodePageToken(std::string_view method, std::string_view request,
                            std::string_view position);
// The position; empty for an empty token. InvalidField page_token BAD_PAGE_TOKEN.
absl::StatusOr<std::string> DecodePageToken(std::string_view token, std::string_view method,
                                            std::string_view request);

struct PageLimits {
  int32_t standard = 100;
  int32_t maximum = 1000;
};
// The size to use: standard for 0, at most maximum. InvalidField page_size NEGATIVE.
absl::StatusOr<int32_t> PageSize(int32_t asked, PageLimits limits);

}  // namespace rapport::server

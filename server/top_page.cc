// SPDX-License-Identifier: Apache-2.0
#include "server/top_page.h"

#include "lib/base/errors.h"
#include "lib/base/varint.h"

namespace rapport::server {

std::string EncodePlace(const PagePlace& place) {
  std::string bytes;
  PutBigEndian(bytes, static_cast<uint64_t>(place.rank));
  PutBigEndian(bytes, place.ordinal);
  return bytes + place.name;
}

absl::StatusOr<std::optional<PagePlace>> DecodePlace(std::string_view position) {
  if (position.empty()) return std::optional<PagePlace>();
  PagePlace place;
  uint64_t rank = 0;
  if (!GetBigEndian(position, rank) || !GetBigEndian(position, place.ordinal)) {
    return Internal("page position");
  }
  place.rank = static_cast<int64_t>(rank);
  place.name = std::string(position);
  return std::optional<PagePlace>(std::move(place));
}

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
#include "lib/base/hash.h"

#include "lib/base/text.h"

#define XXH_INLINE_ALL
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <xxhash.h>
#pragma GCC diagnostic pop

namespace rapport {

uint64_t HashText64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Hash128 HashText128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

uint32_t CustomerBucket(std::string_view workspace, std::string_view customer) {
  return static_cast<uint32_t>(HashText64(Cat(workspace, "/", customer)) >> 52);
}

}  // namespace rapport

// SPDX-License-Identifier: Apache-2.0
// Hashes that may be stored: XXH3, whose output is frozen by its authors. Test vectors
// in tests/unit/base/hash_test.cc keep it so.
#pragma once

#include <cstdint>
#include <string_view>

namespace rapport {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

uint64_t HashText64(std::string_view bytes);
Hash128 HashText128(std::string_view bytes);
// Bucket 0..4095 of a (workspace, customer) pair: the top 12 bits of its 64-bit hash.
uint32_t CustomerBucket(std::string_view workspace, std::string_view customer);

}  // namespace rapport

// SPDX-License-Identifier: Apache-2.0
// Stored hashes must never change. Vectors: XXH3 of the empty string as published by its
// author (xxhash sanity tests: XXH3_64bits("") = 2D06800538D394C2, XXH128 of it =
// 99AA06D3014798D86001C324468D497F); the others were taken from the xxhsum tool.
#include "lib/base/hash.h"

#include "gtest/gtest.h"

namespace rapport {
namespace {

TEST(Hash, MatchesPublishedVectors) {
  EXPECT_EQ(HashText64(""), 0x2D06800538D394C2ULL);
  EXPECT_EQ(HashText128(""), (Hash128{0x6001C324468D497FULL, 0x99AA06D3014798D8ULL}));
}

TEST(Hash, BucketIsTheTopOfTheHash) {
  EXPECT_EQ(CustomerBucket("shop", "c1"), static_cast<uint32_t>(HashText64("shop/c1") >> 52));
  EXPECT_LT(CustomerBucket("", ""), 4096u);
}

}  // namespace
}  // namespace rapport

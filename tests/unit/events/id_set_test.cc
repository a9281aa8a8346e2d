// SPDX-License-Identifier: Apache-2.0
#include "lib/events/id_set.h"

#include <algorithm>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/events/random_events.h"

namespace rapport::events {
namespace {

Hash128 IdOf(int64_t n) { return HashText128(std::to_string(n)); }

TEST(IdSet, RemembersWithinTheHorizon) {
  IdSet ids;
  EXPECT_TRUE(ids.Insert(IdOf(1), 100, 70));
  EXPECT_FALSE(ids.Insert(IdOf(1), 101, 71));
  EXPECT_FALSE(ids.Insert(IdOf(1), 130, 100));  // Its day is the horizon: still known.
  EXPECT_TRUE(ids.Insert(IdOf(1), 131, 101));   // Forgotten, taken anew.
  EXPECT_FALSE(ids.Insert(IdOf(1), 131, 101));
  EXPECT_EQ(ids.size(), 1u);
}

// As Engine::Open loads them: sorted, into room made beforehand, next to others.
TEST(IdSet, ReserveKeepsWhatIsThereAndTakesSortedIds) {
  constexpr int64_t kIds = 200'000;
  IdSet ids;
  std::vector<Hash128> sorted;
  for (int64_t n = 0; n < kIds; ++n) sorted.push_back(IdOf(n));
  std::sort(sorted.begin(), sorted.end());
  EXPECT_TRUE(ids.Insert(IdOf(-1), 100, 70));
  EXPECT_TRUE(ids.Insert(sorted[7], 100, 70));
  ids.Reserve(kIds);
  int64_t taken = 0;
  for (const Hash128& id : sorted) taken += ids.Insert(id, 100, 70) ? 1 : 0;
  EXPECT_EQ(taken, kIds - 1);
  EXPECT_EQ(ids.size(), static_cast<size_t>(kIds) + 1);
  EXPECT_TRUE(ids.Contains(IdOf(-1), 70));
  for (const Hash128& id : sorted) ASSERT_TRUE(ids.Contains(id, 70));
}

// Random histories against a map from id to day.
TEST(IdSet, AgreesWithAMap) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    IdSet ids;
    std::map<int64_t, int64_t> oracle;
    int64_t today = 50;
    const int64_t span = random.Between(10, 4000);
    for (int step = 0; step < 20'000; ++step) {
      const int64_t id = random.Between(0, span);
      const int64_t horizon = today - 30;
      const auto known = oracle.find(id);
      if (random.OneIn(4)) {
        ids.Erase(IdOf(id));
        oracle.erase(id);
      } else {
        const bool expected = known == oracle.end() || known->second < horizon;
        ASSERT_EQ(
            ids.Insert(IdOf(id), static_cast<IdSet::Day>(today), static_cast<IdSet::Day>(horizon)),
            expected)
            << "step " << step;
        if (expected) oracle[id] = today;
      }
      if (random.OneIn(500)) ++today;
      if (random.OneIn(10)) ids.Sweep(static_cast<IdSet::Day>(today - 30));
    }
    for (int i = 0; i < 64; ++i) ids.Sweep(static_cast<IdSet::Day>(today - 30));
    std::erase_if(oracle, [&](const auto& entry) { return entry.second < today - 30; });
    EXPECT_EQ(ids.size(), oracle.size());
    for (const auto& [id, day] : oracle) EXPECT_TRUE(ids.Contains(IdOf(id), 1));
  }
}

}  // namespace
}  // namespace rapport::events

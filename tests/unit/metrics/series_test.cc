// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/series.h"

#include <map>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/score_bucket.h"
#include "rapport/v1/event.pb.h"
#include "tests/support/matchers.h"

namespace rapport::metrics {
namespace {

using ::testing::Pair;

TEST(ScoreBucket, ByTypeOfAnswer) {
  EXPECT_EQ(ScoreBucket(v1::EVENT_TYPE_NPS_ANSWERED, 9, 10), 9);
  EXPECT_EQ(ScoreBucket(v1::EVENT_TYPE_CSAT_ANSWERED, 4, 5), 5 * 256 + 4);
  EXPECT_EQ(ScoreBucket(v1::EVENT_TYPE_CES_ANSWERED, 6, 7), 7 * 256 + 6);
  EXPECT_EQ(ScoreBucket(v1::EVENT_TYPE_REVIEW_WRITTEN, 100, 100), 100 * 256 + 100);
  EXPECT_EQ(ScoreBucket(v1::EVENT_TYPE_ORDER_PLACED, 5'000'000, 3), 0);
}

TEST(Cell, BytesRoundTripAndRefuseOthers) {
  for (const Cell cell : {Cell{0, 0}, Cell{1, -1}, Cell{INT64_MAX, INT64_MIN}, Cell{1, 2, 3},
                          Cell{1, -2, ~static_cast<unsigned __int128>(0)}}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const Cell decoded, DecodeCell(EncodeCell(cell)));
    EXPECT_EQ(decoded, cell);
  }
  EXPECT_FALSE(DecodeCell("").ok());
  EXPECT_FALSE(DecodeCell("\x02").ok());
  EXPECT_FALSE(DecodeCell(EncodeCell({1, 2}) + "x").ok());
}

CellKey RandomKey(std::mt19937& random) {
  CellKey key;
  key.family = static_cast<SeriesFamily>(1 + random() % 4);
  key.type = static_cast<uint16_t>(random() % 3 == 0 ? 65535 : random() % 3);
  key.day = static_cast<int32_t>(random() % 5) - 2;
  key.channel = static_cast<uint8_t>(random() % 2 == 0 ? 255 : 1);
  key.touchpoint_no = random() % 2 == 0 ? 0xFFFFFFFFU : 7;
  key.campaign_no = random() % 2 == 0 ? 0xFFFFFFFFU : 3;
  key.currency = static_cast<uint16_t>(random() % 2 == 0 ? 65535 : 0);
  key.bucket = static_cast<uint16_t>(random() % 2 == 0 ? 65535 : 9);
  return key;
}

TEST(CellSumsProperty, EqualsAMapInAnyGrouping) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    std::map<CellKey, Cell> model;
    CellSums parts[3];
    for (int i = 0; i < 500; ++i) {
      const CellKey key = RandomKey(random);
      const Cell cell{static_cast<int64_t>(random() % 100), static_cast<int64_t>(random()) - 7};
      model[key].Add(cell);
      parts[random() % 3].Add(key, cell);
    }
    parts[0].Merge(parts[2]);
    parts[0].Merge(parts[1]);
    const auto sorted = parts[0].Sorted();
    ASSERT_EQ(sorted.size(), model.size()) << "seed " << seed;
    ASSERT_TRUE(std::equal(
        sorted.begin(), sorted.end(), model.begin(),
        [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }))
        << "seed " << seed;
    EXPECT_EQ(parts[0].At(model.begin()->first), model.begin()->second);
  }
}

TEST(CellSums, AbsentKeyIsZero) { EXPECT_EQ(CellSums().At({}), Cell{}); }

}  // namespace
}  // namespace rapport::metrics

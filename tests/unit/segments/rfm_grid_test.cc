// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/rfm_grid.h"

#include <map>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "lib/value/rfm_segment.h"
#include "tests/support/matchers.h"

namespace rapport::segments {
namespace {

v1::CustomerFacts Facts(int recency, int frequency, int monetary, int64_t revenue,
                        int64_t predicted) {
  v1::CustomerFacts facts;
  facts.mutable_rfm()->set_recency_score(recency);
  facts.mutable_rfm()->set_frequency_score(frequency);
  facts.mutable_rfm()->set_monetary_score(monetary);
  facts.mutable_rfm()->mutable_monetary()->set_micros(revenue * 1'000'000);
  facts.mutable_rfm()->set_segment(
      std::string(value::RuleOf(value::SegmentOf({recency, frequency, monetary})).id));
  facts.mutable_value()->mutable_predicted()->set_micros(predicted * 1'000'000);
  return facts;
}

TEST(RfmGrid, NamesAreThoseOfTheFacts) {
  const v1::RfmGrid& grid = EmptyRfmGrid();
  EXPECT_EQ(grid.segments_size(), 11);
  EXPECT_EQ(grid.cells_size(), 25);
  std::map<std::pair<int, int>, std::string> names;
  for (const auto& cell : grid.cells())
    names[{cell.recency_score(), cell.fm_score()}] = cell.segment();
  for (int r = 1; r <= 5; ++r) {
    for (int f = 1; f <= 5; ++f) {
      for (int m = 1; m <= 5; ++m) {
        const value::RfmScores scores{r, f, m};
        EXPECT_EQ((names[{r, value::FmScore(scores)}]), value::RuleOf(value::SegmentOf(scores)).id)
            << scores.Cell();
      }
    }
  }
  for (const auto& segment : grid.segments()) {
    const auto rules = value::RfmSegmentRules();
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [&](const auto& r) { return r.id == segment.segment(); });
    ASSERT_NE(rule, rules.end()) << segment.segment();
    EXPECT_EQ(segment.title(), rule->title);
    EXPECT_FALSE(segment.description().empty());
    EXPECT_FALSE(segment.action().empty());
  }
}

// Two champions (R 5, FM 5 and 4), one lost (R 1, FM 1), one who never ordered.
TEST(RfmGrid, CountsByHand) {
  RfmSums a, b;
  a.Add(Facts(5, 5, 5, 600, 90));
  a.Add(Facts(1, 1, 1, 100, 1));
  a.Add(v1::CustomerFacts());
  b.Add(Facts(5, 4, 3, 300, 31));  // FM = (4 + 3 + 1) / 2 = 4.
  a.Merge(b);
  RfmSums read;
  RAPPORT_ASSERT_OK(read.Decode(a.Encode()));
  const v1::RfmGrid grid = read.Answer("EUR");
  EXPECT_EQ(grid.customer_count(), 3);
  EXPECT_EQ(grid.revenue().micros(), 1'000'000'000);
  const auto& champions = grid.segments(0);  // Most revenue first.
  EXPECT_EQ(champions.segment(), "champions");
  EXPECT_EQ(champions.customer_count(), 2);
  EXPECT_DOUBLE_EQ(champions.customer_share(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(champions.revenue_share(), 0.9);
  EXPECT_EQ(champions.mean_revenue().micros(), 450'000'000);
  EXPECT_EQ(champions.mean_predicted_value().micros(), 60'500'000);
  EXPECT_EQ(grid.segments(1).segment(), "lost");
  EXPECT_EQ(grid.segments(1).customer_count(), 1);
  EXPECT_EQ(grid.segments(2).customer_count(), 0);
  EXPECT_FALSE(grid.segments(2).has_mean_revenue());
  std::map<std::pair<int, int>, int64_t> counts;
  for (const auto& cell : grid.cells()) {
    if (cell.customer_count() > 0)
      counts[{cell.recency_score(), cell.fm_score()}] = cell.customer_count();
  }
  EXPECT_EQ(counts,
            (std::map<std::pair<int, int>, int64_t>{{{5, 5}, 1}, {{5, 4}, 1}, {{1, 1}, 1}}));
}

TEST(RfmGrid, RefusesForeignCells) {
  RfmSums sums;
  EXPECT_THAT(sums.Decode(store::v1::RfmCells()), testing::StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace rapport::segments

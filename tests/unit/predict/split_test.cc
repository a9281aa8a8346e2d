// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/split.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "gtest/gtest.h"
#include "lib/predict/classifier.h"
#include "tests/support/matchers.h"
#include "tests/unit/predict/simulated_rows.h"

namespace rapport::predict {
namespace {

using testing::FailsWith;

TEST(Split, DatesByHand) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const CivilDays as_of, ParseDate("2026-11-21"));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const TimeSplit split, SplitByTime(as_of, 90));
  EXPECT_EQ(FormatDate(split.training.cutoff), "2026-05-25");
  EXPECT_EQ(FormatDate(split.training.until), "2026-08-23");
  EXPECT_EQ(FormatDate(split.validation.cutoff), "2026-08-23");
  EXPECT_EQ(FormatDate(split.validation.until), "2026-11-21");
  EXPECT_EQ(FormatDate(split.scoring.cutoff), "2026-11-21");
  EXPECT_EQ(FormatDate(split.scoring.until), "2027-02-19");
}

// Every day of a long span, for many horizons: what each part may know and what it is
// asked about.
TEST(Split, NoDayIsBothKnownAndForetold) {
  for (int horizon : {1, 7, 30, 90, 365}) {
    RAPPORT_ASSERT_OK_AND_ASSIGN(const TimeSplit split, SplitByTime(5000, horizon));
    int foretold = 0;
    for (CivilDays day = 5000 - 3 * horizon; day <= 5000 + 2 * horizon; ++day) {
      const bool trains = split.training.Foretells(day);
      const bool validates = split.validation.Foretells(day);
      for (const Window& window : {split.training, split.validation, split.scoring}) {
        EXPECT_FALSE(window.Knows(day) && window.Foretells(day));
      }
      EXPECT_FALSE(trains && validates);
      EXPECT_FALSE(validates && split.scoring.Foretells(day));
      // All that training used was known when validation's features were taken.
      if (split.training.Knows(day) || trains) {
        EXPECT_TRUE(split.validation.Knows(day));
      }
      // Nothing after as_of is needed to train or to validate.
      if (day > 5000) {
        EXPECT_FALSE(trains || validates || split.validation.Knows(day));
      }
      foretold += trains + validates;
    }
    EXPECT_EQ(foretold, 2 * horizon);
  }
}

TEST(Split, Refuses) {
  EXPECT_THAT(SplitByTime(100, 0), FailsWith("OUT_OF_RANGE", "horizon_days"));
  EXPECT_THAT(SplitByTime(100, 4000), FailsWith("OUT_OF_RANGE", "horizon_days"));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const TimeSplit split, SplitByTime(1000, 90));
  EXPECT_THAT(CheckHistory(split, 730), testing::IsOk());
  EXPECT_THAT(CheckHistory(split, 731), FailsWith("NOT_ENOUGH_DATA", ""));
}

TEST(Labels, ChurnByHand) {
  const CivilDays orders[] = {100, 150, 200};
  EXPECT_FALSE(Churned(orders, {149, 150}));
  EXPECT_TRUE(Churned(orders, {150, 199}));
  EXPECT_FALSE(Churned(orders, {150, 200}));
  EXPECT_TRUE(Churned(orders, {200, 290}));
  EXPECT_TRUE(Churned({}, {200, 290}));
}

TEST(Labels, EligibilityByHand) {
  const CivilDays days[] = {100, 150, 500};
  EXPECT_FALSE(Eligible({}, days, 99));
  EXPECT_TRUE(Eligible({}, days, 100));
  EXPECT_TRUE(Eligible({.active_within_days = 30}, days, 179));
  EXPECT_FALSE(Eligible({.active_within_days = 30}, days, 180));
  EXPECT_FALSE(Eligible({.min_tenure_days = 60}, days, 159));
  EXPECT_TRUE(Eligible({.min_tenure_days = 60}, days, 160));
  EXPECT_FALSE(Eligible({}, {}, 160));
}

TEST(Labels, TopDecile) {
  std::vector<Micros> values;
  for (int i = 0; i < 100; ++i) values.push_back(1000 * (i * 37 % 100));
  const std::vector<bool> top = InTopDecile(values);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(top[i], values[i] >= 90'000);
  const std::vector<bool> ties = InTopDecile(std::vector<Micros>(50, 7));
  EXPECT_EQ(std::count(ties.begin(), ties.end(), true), 0);
}

// Features, eligibility and label of one customer's days, the way a caller takes them.
struct Row {
  bool eligible;
  std::vector<double> features;
  bool churned;
};
Row RowAt(const std::vector<CivilDays>& days, const Window& window) {
  Row row{Eligible({}, days, window.cutoff), {}, Churned(days, window)};
  const ActivityTrend trend = TrendOf(days, window.cutoff);
  const auto known = std::upper_bound(days.begin(), days.end(), window.cutoff);
  const double recency = known == days.begin() ? kMissing : window.cutoff - *(known - 1);
  row.features = {recency, 1.0 * trend.change(), 1.0 * trend.active_days_30, kMissing, 0, 0};
  return row;
}

// Rewrites everything after a training row's window: nothing of that row may change. Then
// everything after its cutoff: only the outcome may.
TEST(Leakage, RowsDoNotSeeBeyondTheirWindow) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const TimeSplit split, SplitByTime(1000, 60));
  SplitMix64 random(23);
  int outcomes_changed = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const auto walk = [&](std::vector<CivilDays> days, CivilDays from) {
      std::erase_if(days, [&](CivilDays day) { return day > from; });
      CivilDays day = from;
      while ((day += 1 + static_cast<CivilDays>(80 * random.Uniform())) < 1100) days.push_back(day);
      return days;
    };
    const std::vector<CivilDays> days = walk({}, 600);
    for (const Window& window : {split.training, split.validation}) {
      const Row row = RowAt(days, window);
      for (CivilDays from : {window.until, window.cutoff}) {
        const Row other = RowAt(walk(days, from), window);
        EXPECT_EQ(row.eligible, other.eligible);
        for (size_t i = 0; i < row.features.size(); ++i) {
          EXPECT_EQ(std::bit_cast<uint64_t>(row.features[i]),
                    std::bit_cast<uint64_t>(other.features[i]));
        }
        if (from == window.until) {
          EXPECT_EQ(row.churned, other.churned);
        }
        outcomes_changed += row.churned != other.churned;
      }
    }
  }
  EXPECT_GT(outcomes_changed, 0);
}

}  // namespace
}  // namespace rapport::predict

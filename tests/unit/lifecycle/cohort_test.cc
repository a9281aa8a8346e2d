// SPDX-License-Identifier: Apache-2.0
#include "lib/lifecycle/cohort.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rapport::lifecycle {
namespace {

using ::testing::ElementsAre;

const int32_t kJanuary = MonthIndex(DaysFromCivil({2024, 1, 1}));
const CivilDays kAsOf = DaysFromCivil({2024, 4, 10});

std::vector<int64_t> Returned(const v1::Cohort& cohort) {
  std::vector<int64_t> returned;
  for (const v1::RetentionCell& cell : cohort.cells()) returned.push_back(cell.returned());
  return returned;
}

// Three customers of January, one of March.
RetentionTriangle Sample() {
  RetentionTriangle triangle;
  triangle.Add(kJanuary, std::vector<int32_t>{kJanuary, kJanuary + 1, kJanuary + 2});
  triangle.Add(kJanuary, std::vector<int32_t>{kJanuary, kJanuary + 2});
  triangle.Add(kJanuary, std::vector<int32_t>{kJanuary, kJanuary + 3});
  triangle.Add(kJanuary + 2, std::vector<int32_t>{kJanuary, kJanuary + 2});
  return triangle;
}

TEST(RetentionTriangle, OnCountsExactlyThatMonth) {
  const v1::RetentionReport report = Sample().Report(v1::RETENTION_MODE_ON, kAsOf, "EUR");
  ASSERT_EQ(report.cohorts_size(), 4) << "one per month, empty ones kept";
  EXPECT_EQ(report.cohorts(0).start_date(), "2024-01-01");
  EXPECT_EQ(report.cohorts(0).size(), 3);
  EXPECT_THAT(Returned(report.cohorts(0)), ElementsAre(3, 1, 2, 1));
  EXPECT_EQ(report.cohorts(1).size(), 0);
  EXPECT_THAT(Returned(report.cohorts(2)), ElementsAre(1, 0));
  EXPECT_DOUBLE_EQ(report.cohorts(0).cells(2).rate(), 2.0 / 3);
}

TEST(RetentionTriangle, OnOrAfterCountsThatMonthOrLater) {
  const v1::RetentionReport report = Sample().Report(v1::RETENTION_MODE_ON_OR_AFTER, kAsOf, "EUR");
  EXPECT_THAT(Returned(report.cohorts(0)), ElementsAre(3, 3, 3, 1));
}

TEST(RetentionTriangle, TheMonthOfAsOfIsIncompleteAndLeftOutOfThePool) {
  const v1::RetentionReport report = Sample().Report(v1::RETENTION_MODE_ON, kAsOf, "EUR");
  EXPECT_TRUE(report.cohorts(0).cells(3).incomplete());
  EXPECT_FALSE(report.cohorts(0).cells(2).incomplete());
  ASSERT_EQ(report.pooled_size(), 3);
  EXPECT_EQ(report.pooled(0).returned(), 4);  // January and March; February and April empty.
  EXPECT_EQ(report.pooled(0).eligible(), 4);
  EXPECT_EQ(report.pooled(1).returned(), 1);  // January only: March + 1 is April.
  EXPECT_EQ(report.pooled(1).eligible(), 3);
}

TEST(RetentionTriangle, WilsonInterval) {
  const v1::RetentionReport report = Sample().Report(v1::RETENTION_MODE_ON, kAsOf, "EUR");
  const v1::Interval& interval = report.cohorts(0).cells(1).interval();
  // Wilson for 1 of 3: (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), z 1.959964.
  EXPECT_NEAR(interval.low(), 0.0614919, 1e-6);
  EXPECT_NEAR(interval.high(), 0.7923404, 1e-6);
  EXPECT_EQ(interval.method(), "wilson");
}

TEST(RetentionTriangle, RevenueByPeriod) {
  RetentionTriangle triangle = Sample();
  triangle.AddRevenue(kJanuary,
                      std::vector<MonthRevenue>{{kJanuary, 5'000'000}, {kJanuary + 1, -1'000'000}});
  const v1::RetentionReport report = triangle.Report(v1::RETENTION_MODE_ON, kAsOf, "EUR");
  EXPECT_EQ(report.cohorts(0).cells(0).revenue().micros(), 5'000'000);
  EXPECT_EQ(report.cohorts(0).cells(1).revenue().micros(), -1'000'000);
  EXPECT_EQ(report.cohorts(0).cells(1).revenue().currency(), "EUR");
}

TEST(RetentionTriangle, PartsMergeToTheSameBytes) {
  RetentionTriangle first, second;
  second.Add(kJanuary, std::vector<int32_t>{kJanuary, kJanuary + 1, kJanuary + 2});
  second.Add(kJanuary + 2, std::vector<int32_t>{kJanuary, kJanuary + 2});
  first.Add(kJanuary, std::vector<int32_t>{kJanuary, kJanuary + 3});
  first.Add(kJanuary, std::vector<int32_t>{kJanuary, kJanuary + 2});
  first.Merge(second);
  for (const auto mode : {v1::RETENTION_MODE_ON, v1::RETENTION_MODE_ON_OR_AFTER}) {
    EXPECT_EQ(first.Report(mode, kAsOf, "EUR").SerializeAsString(),
              Sample().Report(mode, kAsOf, "EUR").SerializeAsString());
  }
}

TEST(RetentionTriangle, NobodyGivesAnEmptyReport) {
  EXPECT_EQ(RetentionTriangle().Report(v1::RETENTION_MODE_ON, kAsOf, "EUR").cohorts_size(), 0);
}

}  // namespace
}  // namespace rapport::lifecycle

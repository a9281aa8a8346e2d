// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/range.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/cells.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::ElementsAre;

const QueryScope& Scope() {
  static const auto& scope = *new QueryScope(ScopeOf("2024-01-10", "2024-03-20", "2024-03-21"));
  return scope;
}

std::vector<std::string> Print(const QueryRange& range) {
  std::vector<std::string> buckets;
  for (const DayRange& bucket : range.buckets) {
    buckets.push_back(Cat(FormatDate(bucket.begin), " ", FormatDate(bucket.end)));
  }
  return buckets;
}

TEST(ResolveRange, OpenRangeIsTheDataAsOneBucket) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const QueryRange range, ResolveRange({}, Scope()));
  EXPECT_THAT(Print(range), ElementsAre("2024-01-10 2024-03-21"));
}

TEST(ResolveRange, OpenRangeIsWidenedToWholeBuckets) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const QueryRange range,
                               ResolveRange({"", "", v1::GRANULARITY_MONTH}, Scope()));
  EXPECT_THAT(Print(range), ElementsAre("2024-01-01 2024-02-01", "2024-02-01 2024-03-01",
                                        "2024-03-01 2024-04-01"));
}

TEST(ResolveRange, GivenDatesCutBuckets) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const QueryRange range,
      ResolveRange({"2024-01-15", "2024-02-10", v1::GRANULARITY_MONTH}, Scope()));
  EXPECT_THAT(Print(range), ElementsAre("2024-01-15 2024-02-01", "2024-02-01 2024-02-10"));
  EXPECT_EQ(range.IndexOf(Day("2024-01-31")), 0U);
  EXPECT_EQ(range.IndexOf(Day("2024-02-01")), 1U);
}

TEST(ResolveRange, BadRequestsNameTheField) {
  EXPECT_THAT(ResolveRange({"2024-02-30", "", v1::GRANULARITY_DAY}, Scope()),
              FailsWith("BAD_DATE", "start_date"));
  EXPECT_THAT(ResolveRange({"", "tomorrow", v1::GRANULARITY_DAY}, Scope()),
              FailsWith("BAD_DATE", "end_date"));
  EXPECT_THAT(ResolveRange({"2024-02-02", "2024-02-02", v1::GRANULARITY_DAY}, Scope()),
              FailsWith("INVERTED_RANGE", "end_date"));
  EXPECT_THAT(ResolveRange({"2000-01-01", "2024-01-01", v1::GRANULARITY_DAY}, Scope()),
              FailsWith("TOO_MANY_BUCKETS", "granularity"));
  EXPECT_THAT(ResolveRange({"", "", static_cast<v1::Granularity>(77)}, Scope()),
              FailsWith("UNKNOWN_GRANULARITY", "granularity"));
}

TEST(ResolveRange, FiveThousandBucketsAreAllowed) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const QueryRange range,
      ResolveRange({"2000-01-01", FormatDate(Day("2000-01-01") + 5000), v1::GRANULARITY_DAY},
                   Scope()));
  EXPECT_EQ(range.buckets.size(), 5000U);
}

TEST(ResolveRange, WithoutDataTheDayOfAsOf) {
  QueryScope scope = ScopeOf("2024-01-10", "2024-01-09", "2024-03-21");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const QueryRange range, ResolveRange({}, scope));
  EXPECT_THAT(Print(range), ElementsAre("2024-03-21 2024-03-22"));
}

TEST(PreviousRange, AsManyMonthsOrAsManyDays) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const QueryRange months,
      ResolveRange({"2024-03-01", "2024-05-01", v1::GRANULARITY_MONTH}, Scope()));
  EXPECT_THAT(Print(PreviousRange(months, WeekStart::kMonday)),
              ElementsAre("2024-01-01 2024-02-01", "2024-02-01 2024-03-01"));
  RAPPORT_ASSERT_OK_AND_ASSIGN(
      const QueryRange days,
      ResolveRange({"2024-03-08", "2024-03-15", v1::GRANULARITY_UNSPECIFIED}, Scope()));
  EXPECT_THAT(Print(PreviousRange(days, WeekStart::kMonday)), ElementsAre("2024-03-01 2024-03-08"));
}

TEST(DistinctPlaceOf, OnlyWholeCalendarBucketsOrAllTime) {
  const auto place = [](std::string_view begin, std::string_view end) -> std::string {
    const auto at = DistinctPlaceOf({Day(begin), Day(end)}, std::nullopt, Scope());
    return at ? Cat(at->granularity, " ", FormatDate(at->day)) : "none";
  };
  EXPECT_EQ(place("2024-01-10", "2024-03-21"), "0 1970-01-01");
  EXPECT_EQ(place("2024-02-01", "2024-03-01"), "3 2024-02-01");
  EXPECT_EQ(place("2024-02-05", "2024-02-12"), "2 2024-02-05");
  EXPECT_EQ(place("2024-02-05", "2024-02-06"), "1 2024-02-05");
  EXPECT_EQ(place("2024-02-05", "2024-02-16"), "none");
  // All data of January lie in it.
  EXPECT_EQ(place("2024-01-09", "2024-02-01"), "3 2024-01-01");
}

TEST(YearsIn, CalendarYearsAreWhole) {
  EXPECT_EQ(YearsIn({Day("2024-01-01"), Day("2025-01-01")}), 1.0);
  EXPECT_EQ(YearsIn({Day("2023-01-01"), Day("2024-01-01")}), 1.0);
  EXPECT_EQ(YearsIn({Day("2020-02-29"), Day("2024-02-29")}), 4.0);
  EXPECT_DOUBLE_EQ(YearsIn({Day("2023-01-01"), Day("2023-04-01")}), 90.0 / 365);
}

}  // namespace
}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
// Buckets in civil time: days of 23 to 25 hours, hours that come twice or half, week starts
// and leap days. Offsets and dates of changes are those of the IANA time zone database.
#include "lib/metrics/windows.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/metrics/prepared_query.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::ElementsAre;

Scope ScopeIn(const char* zone, WeekStart week_start = WeekStart::kMonday) {
  Scope scope;
  scope.calendar = Calendar::Create(zone, week_start).value();
  scope.first_day = ParseDate("2024-01-10").value();
  scope.last_day = ParseDate("2024-11-20").value();
  scope.as_of = ParseTime("2024-12-01T00:00:00Z").value();
  return scope;
}

Windows Of(const Scope& scope, const char* start, const char* end, v1::Granularity granularity,
           int rolling = 1) {
  auto windows = Windows::Resolve({start, end, granularity, rolling}, scope);
  EXPECT_TRUE(windows.ok()) << windows.status();
  return *std::move(windows);
}

int64_t Minutes(const TimeWindow& window) {
  return (window.end - window.begin) / (60 * kMicrosPerSecond);
}

std::vector<std::string> Starts(const Windows& windows) {
  std::vector<std::string> starts;
  for (const TimeWindow& point : windows.points()) starts.push_back(FormatDate(point.first_day));
  return starts;
}

struct Change {
  const char* zone;
  const char* day;
  int64_t day_minutes;
  size_t hours;       // Buckets of an hour on that day.
  size_t at;          // The first odd one.
  const char* start;  // Where it starts,
  int64_t minutes;    // how long it is,
  const char* next;   // and where the next one does.
};

class ChangeTest : public ::testing::TestWithParam<Change> {};

TEST_P(ChangeTest, DaysAndHours) {
  const Change& change = GetParam();
  const Scope scope = ScopeIn(change.zone);
  const CivilDays day = ParseDate(change.day).value();
  const std::string next_day = FormatDate(day + 1);
  const Windows days = Of(scope, change.day, next_day.c_str(), v1::GRANULARITY_DAY);
  EXPECT_EQ(Minutes(days.points()[0]), change.day_minutes);
  const Windows hours = Of(scope, change.day, next_day.c_str(), v1::GRANULARITY_HOUR);
  ASSERT_EQ(hours.points().size(), change.hours);
  EXPECT_EQ(hours.StartTime(change.at), change.start);
  EXPECT_EQ(Minutes(hours.points()[change.at]), change.minutes);
  EXPECT_EQ(hours.StartTime(change.at + 1), change.next);
  // Without gaps, and each instant in its own bucket.
  for (size_t i = 1; i < hours.points().size(); ++i) {
    EXPECT_EQ(hours.points()[i].begin, hours.points()[i - 1].end);
    EXPECT_EQ(hours.BaseOf(hours.points()[i].begin), i);
    EXPECT_EQ(hours.BaseOf(hours.points()[i].begin - 1), i - 1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Zones, ChangeTest,
    ::testing::Values(Change{"Europe/Berlin", "2024-03-31", 23 * 60, 23, 1,
                             "2024-03-31T01:00:00+01:00", 60, "2024-03-31T03:00:00+02:00"},
                      Change{"Europe/Berlin", "2024-10-27", 25 * 60, 25, 2,
                             "2024-10-27T02:00:00+02:00", 60, "2024-10-27T02:00:00+01:00"},
                      Change{"America/New_York", "2024-03-10", 23 * 60, 23, 1,
                             "2024-03-10T01:00:00-05:00", 60, "2024-03-10T03:00:00-04:00"},
                      Change{"America/New_York", "2024-11-03", 25 * 60, 25, 1,
                             "2024-11-03T01:00:00-04:00", 60, "2024-11-03T01:00:00-05:00"},
                      // Lord Howe Island moves its clocks by half an hour, from 02:00 to 02:30 ...
                      Change{"Australia/Lord_Howe", "2024-10-06", 23 * 60 + 30, 24, 2,
                             "2024-10-06T02:30:00+11:00", 30, "2024-10-06T03:00:00+11:00"},
                      // ... and back from 02:00 to 01:30: half of the hour comes again.
                      Change{"Australia/Lord_Howe", "2024-04-07", 24 * 60 + 30, 25, 2,
                             "2024-04-07T01:30:00+10:30", 30, "2024-04-07T02:00:00+10:30"}),
    [](const auto& test) {
      std::string name = std::string(test.param.zone) + "_" + test.param.day;
      for (char& letter : name) {
        if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
      }
      return name;
    });

TEST(Windows, WeeksFromTheWorkspacesStart) {
  // 2024-03-04 is a Monday.
  EXPECT_THAT(Starts(Of(ScopeIn("UTC"), "2024-03-02", "2024-03-13", v1::GRANULARITY_WEEK)),
              ElementsAre("2024-03-02", "2024-03-04", "2024-03-11"));
  EXPECT_THAT(Starts(Of(ScopeIn("UTC", WeekStart::kSunday), "2024-03-02", "2024-03-13",
                        v1::GRANULARITY_WEEK)),
              ElementsAre("2024-03-02", "2024-03-03", "2024-03-10"));
}

TEST(Windows, LeapDays) {
  const Scope scope = ScopeIn("Europe/Berlin");
  EXPECT_EQ(Of(scope, "2024-02-01", "2024-03-01", v1::GRANULARITY_DAY).points().size(), 29U);
  EXPECT_EQ(Of(scope, "2023-02-01", "2023-03-01", v1::GRANULARITY_DAY).points().size(), 28U);
  EXPECT_EQ(Of(scope, "2024-01-01", "2025-01-01", v1::GRANULARITY_DAY).points().size(), 366U);
  EXPECT_DOUBLE_EQ(YearsIn(ParseDate("2024-01-01").value(), ParseDate("2025-01-01").value()), 1);
  EXPECT_DOUBLE_EQ(YearsIn(ParseDate("2023-02-28").value(), ParseDate("2024-02-29").value()),
                   1 + 1.0 / 366);
  EXPECT_EQ(YearsIn(ParseDate("2023-01-01").value(), ParseDate("2024-01-01").value()), 1.0);
  EXPECT_EQ(YearsIn(ParseDate("2020-02-29").value(), ParseDate("2024-02-29").value()), 4.0);
  EXPECT_DOUBLE_EQ(YearsIn(ParseDate("2023-01-01").value(), ParseDate("2023-04-01").value()),
                   90.0 / 365);
}

// Data from 2024-01-10 to 2024-03-20, as of the day after.
Scope Quarter() {
  Scope scope = ScopeIn("UTC");
  scope.last_day = ParseDate("2024-03-20").value();
  scope.as_of = ParseTime("2024-03-21T00:00:00Z").value();
  return scope;
}

std::vector<std::string> Print(const Windows& windows) {
  std::vector<std::string> points;
  for (const TimeWindow& point : windows.points()) {
    points.push_back(Cat(FormatDate(point.first_day), " ", FormatDate(point.end_day)));
  }
  return points;
}

TEST(Windows, OpenRangeIsTheDataAsOneBucketOrWholeBuckets) {
  EXPECT_THAT(Print(Of(Quarter(), "", "", v1::GRANULARITY_UNSPECIFIED)),
              ElementsAre("2024-01-10 2024-03-21"));
  EXPECT_THAT(
      Print(Of(Quarter(), "", "", v1::GRANULARITY_MONTH)),
      ElementsAre("2024-01-01 2024-02-01", "2024-02-01 2024-03-01", "2024-03-01 2024-04-01"));
  Scope none = Quarter();
  none.last_day = none.first_day - 1;
  EXPECT_THAT(Print(Of(none, "", "", v1::GRANULARITY_UNSPECIFIED)),
              ElementsAre("2024-03-21 2024-03-22"));
}

TEST(Windows, GivenDatesCutBuckets) {
  const Windows windows = Of(Quarter(), "2024-01-15", "2024-02-10", v1::GRANULARITY_MONTH);
  EXPECT_THAT(Print(windows), ElementsAre("2024-01-15 2024-02-01", "2024-02-01 2024-02-10"));
  EXPECT_EQ(windows.BaseOf(ParseTime("2024-01-31T23:59:59Z").value()), 0U);
  EXPECT_EQ(windows.BaseOf(ParseTime("2024-02-01T00:00:00Z").value()), 1U);
}

TEST(Windows, FiveThousandBucketsAreAllowed) {
  const std::string end = FormatDate(ParseDate("2000-01-01").value() + 5000);
  EXPECT_EQ(Of(Quarter(), "2000-01-01", end.c_str(), v1::GRANULARITY_DAY).points().size(), 5000U);
  EXPECT_THAT(Windows::Resolve({"2000-01-01", "2024-01-01", v1::GRANULARITY_DAY}, Quarter()),
              FailsWith("TOO_MANY_BUCKETS", "granularity"));
}

TEST(Windows, TheRangeBeforeIsCutAlike) {
  const Scope scope = Quarter();
  const Windows months = Of(scope, "2024-03-01", "2024-05-01", v1::GRANULARITY_MONTH);
  EXPECT_THAT(Print(months.Compared(v1::COMPARISON_PREVIOUS_PERIOD, scope)),
              ElementsAre("2024-01-01 2024-02-01", "2024-02-01 2024-03-01"));
  const Windows days = Of(scope, "2024-03-08", "2024-03-15", v1::GRANULARITY_UNSPECIFIED);
  EXPECT_THAT(Print(days.Compared(v1::COMPARISON_PREVIOUS_PERIOD, scope)),
              ElementsAre("2024-03-01 2024-03-08"));
}

// What the night keeps of distinct customers: whole calendar buckets and all time.
TEST(KeptPlaceOf, OnlyWholeCalendarBucketsOrAllTime) {
  const Scope scope = Quarter();
  const auto place = [&](std::string_view begin, std::string_view end) -> std::string {
    const auto at =
        KeptPlaceOf(ParseDate(begin).value(), ParseDate(end).value(), std::nullopt, scope);
    return at ? Cat(static_cast<int>(at->granularity), " ", FormatDate(at->day)) : "none";
  };
  EXPECT_EQ(place("2024-01-10", "2024-03-21"), "0 1970-01-01");
  EXPECT_EQ(place("2024-02-01", "2024-03-01"), "3 2024-02-01");
  EXPECT_EQ(place("2024-02-05", "2024-02-12"), "2 2024-02-05");
  EXPECT_EQ(place("2024-02-05", "2024-02-06"), "1 2024-02-05");
  EXPECT_EQ(place("2024-02-05", "2024-02-16"), "none");
  // All data of January lie in it.
  EXPECT_EQ(place("2024-01-09", "2024-02-01"), "3 2024-01-01");
}

struct Compared {
  const char *start, *end, *before_start, *before_end, *year_start, *year_end;
};

TEST(Windows, RangesToCompareWith) {
  const Scope scope = ScopeIn("UTC");
  for (const Compared& range : {Compared{"2024-03-01", "2024-04-01", "2024-02-01", "2024-03-01",
                                         "2023-03-01", "2023-04-01"},
                                Compared{"2024-02-01", "2024-03-01", "2024-01-01", "2024-02-01",
                                         "2023-02-01", "2023-03-01"},
                                // The leap day is compared with the last of February.
                                Compared{"2024-02-29", "2024-03-01", "2024-02-28", "2024-02-29",
                                         "2023-02-28", "2023-03-01"},
                                Compared{"2024-02-28", "2024-02-29", "2024-02-27", "2024-02-28",
                                         "2023-02-28", "2023-03-01"},
                                Compared{"2025-02-01", "2025-03-01", "2025-01-01", "2025-02-01",
                                         "2024-02-01", "2024-03-01"},
                                Compared{"2024-03-05", "2024-03-12", "2024-02-27", "2024-03-05",
                                         "2023-03-05", "2023-03-12"}}) {
    const Windows windows = Of(scope, range.start, range.end, v1::GRANULARITY_UNSPECIFIED);
    const Windows before = windows.Compared(v1::COMPARISON_PREVIOUS_PERIOD, scope);
    const Windows year = windows.Compared(v1::COMPARISON_SAME_PERIOD_LAST_YEAR, scope);
    EXPECT_EQ(FormatDate(before.whole().first_day), range.before_start) << range.start;
    EXPECT_EQ(FormatDate(before.whole().end_day), range.before_end) << range.start;
    EXPECT_EQ(FormatDate(year.whole().first_day), range.year_start) << range.start;
    EXPECT_EQ(FormatDate(year.whole().end_day), range.year_end) << range.start;
  }
}

TEST(Windows, RollingReachesBackBeforeTheRange) {
  const Windows windows = Of(ScopeIn("UTC"), "2024-03-01", "2024-03-04", v1::GRANULARITY_DAY, 7);
  EXPECT_EQ(windows.lead(), 6U);
  ASSERT_EQ(windows.points().size(), 3U);
  EXPECT_EQ(FormatDate(windows.covers()[0].first_day), "2024-02-24");
  EXPECT_EQ(FormatDate(windows.covers()[2].end_day), "2024-03-04");
  const Windows months = Of(ScopeIn("UTC"), "2024-03-01", "2024-05-01", v1::GRANULARITY_MONTH, 3);
  EXPECT_EQ(FormatDate(months.covers()[0].first_day), "2024-01-01");
  EXPECT_EQ(FormatDate(months.covers()[1].first_day), "2024-02-01");
}

TEST(Windows, OpenEndsAndErrors) {
  const Scope scope = ScopeIn("UTC");
  EXPECT_THAT(Starts(Of(scope, "", "", v1::GRANULARITY_YEAR)), ElementsAre("2024-01-01"));
  EXPECT_EQ(FormatDate(Of(scope, "", "", v1::GRANULARITY_UNSPECIFIED).whole().end_day),
            "2024-11-21");
  const auto resolve = [&](const WindowRequest& request) {
    return Windows::Resolve(request, scope).status();
  };
  EXPECT_THAT(resolve({"2024-3-1", ""}), FailsWith("BAD_DATE", "start_date"));
  EXPECT_THAT(resolve({"2024-02-30", ""}), FailsWith("BAD_DATE", "start_date"));
  EXPECT_THAT(resolve({"", "tomorrow"}), FailsWith("BAD_DATE", "end_date"));
  EXPECT_THAT(resolve({"2024-03-02", "2024-03-02"}), FailsWith("INVERTED_RANGE", "end_date"));
  EXPECT_THAT(resolve({"1001-01-01", "9999-12-31", v1::GRANULARITY_HOUR}),
              FailsWith("TOO_MANY_BUCKETS", "granularity"));
  EXPECT_THAT(resolve({"", "", static_cast<v1::Granularity>(9)}),
              FailsWith("UNKNOWN_GRANULARITY", "granularity"));
  EXPECT_THAT(resolve({"", "", v1::GRANULARITY_DAY, -1}),
              FailsWith("BAD_ROLLING_WINDOW", "rolling_buckets"));
  EXPECT_THAT(resolve({"", "", v1::GRANULARITY_UNSPECIFIED, 7}),
              FailsWith("BAD_ROLLING_WINDOW", "rolling_buckets"));
}

// An order at each end of the day of the change is counted on that day, in three zones.
TEST(Windows, EventsFallOnTheirCivilDay) {
  for (const auto& [zone, day] :
       {std::pair{"Europe/Berlin", "2024-10-27"}, std::pair{"America/New_York", "2024-11-03"},
        std::pair{"Australia/Lord_Howe", "2024-04-07"}}) {
    History history(zone);
    history.Add(std::string("a ") + day + "T00:00:00 order_placed amount=1");
    history.Add(std::string("a ") + day + "T23:59:59 order_placed amount=1");
    const CivilDays civil = ParseDate(day).value();
    const auto request =
        Query("orders", FormatDate(civil - 1), FormatDate(civil + 2), v1::GRANULARITY_DAY);
    for (const Plan plan : {Plan::kScan, Plan::kCells}) {
      const auto answer = history.AskBy(plan, request);
      RAPPORT_ASSERT_OK(answer);
      EXPECT_EQ(answer->total().points(0).value(), 0) << zone;
      EXPECT_EQ(answer->total().points(1).value(), 2) << zone;
      EXPECT_EQ(answer->total().points(2).value(), 0) << zone;
    }
  }
}

}  // namespace
}  // namespace rapport::metrics

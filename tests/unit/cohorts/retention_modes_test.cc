// SPDX-License-Identifier: Apache-2.0
// Every mode of domain.md 2.2, expected values derived by hand.
#include <string>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/cohorts/timelines.h"

namespace rapport::cohorts {
namespace {

using ::rapport::testing::FailsWith;

constexpr auto kSignUp = v1::EVENT_TYPE_SIGNED_UP;
constexpr auto kUse = v1::EVENT_TYPE_FEATURE_USED;
constexpr auto kOrder = v1::EVENT_TYPE_ORDER_PLACED;

// Four customers begin on 1 March (day 0) and come back on these days:
//   a 0 1 2 3     b 1 3     c 3     d never
Timelines FourCustomers() {
  Timelines lines;
  for (const char* who : {"a", "b", "c", "d"}) lines.Add(who, kSignUp, "2024-03-01T08:00");
  lines.Add("a", kUse, "2024-03-01T09:00 2024-03-02T09:00 2024-03-03T09:00 2024-03-04T09:00");
  lines.Add("b", kUse, "2024-03-02T09:00 2024-03-04T09:00");
  lines.Add("c", kUse, "2024-03-04T09:00");
  lines.AsOf("2024-03-20");
  return lines;
}

struct ModeCase {
  const char* name;
  const char* counting;
  const char* cells;
};

TEST(RetentionModes, EachCountsItsPeriods) {
  const ModeCase kCases[] = {
      // Day 0: a. 1: a b. 2: a. 3: a b c.
      {"on", "period_count: 4", "1/4 2/4 1/4 3/4 0/4"},
      // Last days: a 3, b 3, c 3: all three in every N <= 3.
      {"on or after", "mode: RETURN_MODE_ON_OR_AFTER period_count: 4", "3/4 3/4 3/4 3/4 0/4"},
      // Beyond the last period shown counts, too.
      {"on or after, short", "mode: RETURN_MODE_ON_OR_AFTER period_count: 2", "3/4 3/4 3/4"},
      // First days: a 0, b 1, c 3.
      {"on or before", "mode: RETURN_MODE_ON_OR_BEFORE period_count: 4", "1/4 2/4 2/4 3/4 3/4"},
      // 1..N without a gap: a to 3, b to 1, c and d to 0 (which asks nothing).
      {"streak", "mode: RETURN_MODE_STREAK period_count: 4", "4/4 2/4 1/4 1/4 0/4"},
      // 1-2: a b. 3-4: a b c.
      {"bracket",
       "mode: RETURN_MODE_BRACKET brackets { first: 1 last: 2 } brackets { first: 3 last: 4 }",
       "2/4 3/4"},
      // Day 2 is between the brackets: 0-1: a b. 3-3: a b c.
      {"brackets apart",
       "mode: RETURN_MODE_BRACKET brackets { first: 0 last: 1 } brackets { first: 3 last: 3 }",
       "2/4 3/4"},
      // Nobody comes twice on a day.
      {"on, twice", "minimum_returns: 2 period_count: 3", "0/4 0/4 0/4 0/4"},
      // The last but one return: a 2, b 1.
      {"on or after, twice", "mode: RETURN_MODE_ON_OR_AFTER minimum_returns: 2 period_count: 3",
       "2/4 2/4 1/4 0/4"},
      // The second return: a 1, b 3.
      {"on or before, twice", "mode: RETURN_MODE_ON_OR_BEFORE minimum_returns: 2 period_count: 3",
       "0/4 1/4 1/4 2/4"},
      // In days 1-3: a three, b two, c one.
      {"bracket, twice",
       "mode: RETURN_MODE_BRACKET minimum_returns: 2 brackets { first: 1 last: 3 }", "2/4"},
      {"streak, twice", "mode: RETURN_MODE_STREAK minimum_returns: 2 period_count: 2",
       "4/4 0/4 0/4"},
  };
  for (const ModeCase& row : kCases) {
    const auto answer = FourCustomers().Retention(
        Cat("cohort { start_filter: 'type = signed_up' } return_filter: 'type = feature_used' "
            "period: GRANULARITY_DAY ",
            row.counting));
    EXPECT_EQ(CohortsText(answer), Cat("2024-03-01 4: ", row.cells)) << row.name;
  }
}

// Two returns on day 1 and one on day 2: a streak of two a day lasts one day, and the
// unfinished second does not count.
TEST(RetentionModes, StreakNeedsTheMinimumInEachPeriod) {
  Timelines lines;
  lines.Add("a", kSignUp, "2024-03-01T08:00");
  lines.Add("a", kUse, "2024-03-02T09:00 2024-03-02T10:00 2024-03-03T09:00 2024-03-04T09:00");
  lines.AsOf("2024-03-20");
  EXPECT_EQ(CohortsText(lines.Retention(
                "cohort { start_filter: 'type = signed_up' } period: GRANULARITY_DAY "
                "mode: RETURN_MODE_STREAK minimum_returns: 2 period_count: 3")),
            "2024-03-01 1: 1/1 1/1 0/1 0/1");
}

// January: a (order 10 Jan, back in February and April), b (20 and 25 Jan). February: c,
// back in March. As of 15 April, April runs and May has not begun.
Timelines Months() {
  Timelines lines;
  lines.Add("a", kOrder, "2024-01-10 2024-02-05 2024-04-01", 10'000'000);
  lines.Add("b", kOrder, "2024-01-20 2024-01-25", 20'000'000);
  lines.Add("c", kOrder, "2024-02-15 2024-03-01", 5'000'000);
  return lines.AsOf("2024-04-15");
}

TEST(RetentionMeans, LeaveOutWhatRuns) {
  const auto answer = Months().Retention(
      "cohort { start_filter: 'type = order_placed' } return_filter: 'type = order_placed' "
      "period_count: 4");
  EXPECT_EQ(CohortsText(answer), "2024-01-01 2: 1/2 1/2 0/2 1/2* | 2024-02-01 1: 0/1 1/1 0/1*");
  ASSERT_EQ(answer->means_size(), 3);
  // Period 0: 1 of 3. 1: 2 of 3, cohorts 1/2 and 1. 2: only January, 0 of 2. 3: nothing is over.
  EXPECT_DOUBLE_EQ(answer->means(0).pooled(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(answer->means(1).pooled(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(answer->means(1).simple(), 0.75);
  EXPECT_EQ(answer->means(1).cohort_count(), 2);
  EXPECT_EQ(answer->means(2).settled(), 2);
  EXPECT_EQ(answer->means(2).returned(), 0);
  EXPECT_EQ(answer->context().notes(0), "calendar months, UTC: period 0 is the month of the start");
  EXPECT_EQ(answer->customer_count(), 3);
  // Wilson of 1 of 2 at 95 %: (0.5 + z2/4) / (1 + z2/2) -+ ...: 0.0945 to 0.9055.
  const auto& interval = answer->cohorts(0).cells(0).interval();
  EXPECT_NEAR(interval.low(), 0.0945, 1e-4);
  EXPECT_NEAR(interval.high(), 0.9055, 1e-4);
  EXPECT_EQ(interval.method(), "wilson");
}

// The start event as a return: period 0 is everybody.
TEST(RetentionMeans, StartCounts) {
  EXPECT_EQ(CohortsText(Months().Retention(
                "cohort { start_filter: 'type = order_placed' } "
                "return_filter: 'type = order_placed' period_count: 2 start_counts: true")),
            "2024-01-01 2: 2/2 1/2 0/2 | 2024-02-01 1: 1/1 1/1 0/1*");
}

// Mixpanel's documentation of its weighted average (domain.md 2.2): 1000 customers of whom
// 500 return, 500 of whom 400 return. Pooled (500 + 400) / 1500 = 60 %. Weighted by size on
// both sides (2/3 x 500 + 1/3 x 400) / (2/3 x 1000 + 1/3 x 500) = 466.7 / 833.3 = 56 %.
// Each cohort alike: (50 % + 80 %) / 2 = 65 %.
TEST(RetentionMeans, WorkedExample) {
  Timelines lines;
  for (int i = 0; i < 1500; ++i) {
    const std::string who = std::to_string(i);
    const bool first = i < 1000;
    lines.Add(who, kSignUp, first ? "2024-09-01T08:00" : "2024-09-02T08:00");
    const bool returns = first ? i < 500 : i < 1400;
    if (returns) lines.Add(who, kUse, first ? "2024-09-02T08:00" : "2024-09-03T08:00");
  }
  lines.AsOf("2024-09-10");
  const auto answer = lines.Retention(
      "cohort { start_filter: 'type = signed_up' } period: GRANULARITY_DAY period_count: 1");
  EXPECT_EQ(CohortsText(answer),
            "2024-09-01 1000: 0/1000 500/1000 | 2024-09-02 500: 0/500 400/500");
  EXPECT_DOUBLE_EQ(answer->means(1).pooled(), 0.60);
  EXPECT_NEAR(answer->means(1).size_weighted(), 0.56, 1e-12);
  EXPECT_DOUBLE_EQ(answer->means(1).simple(), 0.65);
}

struct ClockCase {
  const char* name;
  const char* zone;
  const char* start;
  const char* back;
  const char* calendar;  // Days 0-2.
  const char* rolling;
};

TEST(RetentionPeriods, CalendarAndRollingDays) {
  const ClockCase kCases[] = {
      {"two hours over midnight", "UTC", "2024-03-01T23:00", "2024-03-02T01:00", "0/1 1/1 0/1",
       "1/1 0/1 0/1"},
      {"a second short of a day", "UTC", "2024-03-01T23:00", "2024-03-02T22:59:59", "0/1 1/1 0/1",
       "1/1 0/1 0/1"},
      {"exactly a day", "UTC", "2024-03-01T23:00", "2024-03-02T23:00", "0/1 1/1 0/1",
       "0/1 1/1 0/1"},
      {"at the same instant", "UTC", "2024-03-01T23:00", "2024-03-01T23:00", "1/1 0/1 0/1",
       "1/1 0/1 0/1"},
      // 14:30 and 15:30 UTC are one day there, two days in Tokyo.
      {"east of UTC", "Asia/Tokyo", "2024-03-01T23:30", "2024-03-02T00:30", "0/1 1/1 0/1",
       "1/1 0/1 0/1"},
      {"west of UTC", "America/New_York", "2024-02-01T12:00", "2024-02-01T21:00", "1/1 0/1 0/1",
       "1/1 0/1 0/1"},
      // 31 March has 23 hours in Berlin: noon to noon is a calendar day but 23 hours.
      {"clocks go forward", "Europe/Berlin", "2024-03-30T12:00", "2024-03-31T12:00", "0/1 1/1 0/1",
       "1/1 0/1 0/1"},
      // 27 October has 25: one minute to noon the next day is 24 h 59 min.
      {"clocks go back", "Europe/Berlin", "2024-10-26T12:00", "2024-10-27T11:59", "0/1 1/1 0/1",
       "0/1 1/1 0/1"},
  };
  for (const ClockCase& row : kCases) {
    Timelines lines(row.zone);
    lines.Add("a", kSignUp, row.start).Add("a", kUse, row.back).AsOf("2025-01-01");
    const std::string question =
        "cohort { start_filter: 'type = signed_up' } return_filter: 'type = feature_used' "
        "period: GRANULARITY_DAY period_count: 2 ";
    const std::string label = Cat(std::string_view(row.start).substr(0, 10), " 1: ");
    EXPECT_EQ(CohortsText(lines.Retention(question)), label + row.calendar) << row.name;
    const auto rolling = lines.Retention(question + "period_clock: PERIOD_CLOCK_ROLLING");
    EXPECT_EQ(CohortsText(rolling), label + row.rolling) << row.name;
    EXPECT_EQ(rolling->context().notes(0), "rolling days: 1 day of 24 h each from every start");
  }
}

struct LengthCase {
  const char* period;
  const char* label;
  int calendar_period;
  int rolling_period;
};

// Start Wednesday 2024-01-31 12:00, return 2025-04-15 12:00: 440 days later (2024 is a leap
// year: 31 Jan 2024 to 31 Jan 2025 are 366 days, then 28 + 31 + 15 = 74).
TEST(RetentionPeriods, WeekToYear) {
  const LengthCase kCases[] = {
      // Mondays 29 January 2024 and 14 April 2025 are 441 days apart; 440 / 7 = 62.9.
      {"WEEK", "2024-01-29", 63, 62},
      {"MONTH", "2024-01-01", 15, 14},  // 440 / 30 = 14.7.
      {"QUARTER", "2024-01-01", 5, 4},  // 440 / 90 = 4.9.
      {"YEAR", "2024-01-01", 1, 1},     // 440 / 365 = 1.2.
  };
  for (const LengthCase& row : kCases) {
    Timelines lines;
    lines.Add("a", kUse, "2024-01-31T12:00 2025-04-15T12:00").AsOf("2026-06-01");
    for (const bool rolling : {false, true}) {
      const auto answer = lines.Retention(Cat("period: GRANULARITY_", row.period,
                                              " period_count: 100 period_clock: PERIOD_CLOCK_",
                                              rolling ? "ROLLING" : "CALENDAR"));
      ASSERT_TRUE(answer.ok()) << answer.status();
      const auto& cohort = answer->cohorts(0);
      EXPECT_EQ(cohort.start_date(), row.label);
      const int expected = rolling ? row.rolling_period : row.calendar_period;
      for (const auto& cell : cohort.cells()) {
        EXPECT_EQ(cell.returned(), cell.period() == expected ? 1 : 0) << row.period << rolling;
      }
    }
  }
}

TEST(RetentionPeriods, WeeksBeginOnTheWorkspacesDay) {
  // Saturday 2 March and Sunday 3 March: one week from Monday, two from Sunday.
  for (const bool sunday : {false, true}) {
    Timelines lines("UTC", sunday ? WeekStart::kSunday : WeekStart::kMonday);
    lines.Add("a", kUse, "2024-03-02T12:00 2024-03-03T12:00").AsOf("2024-03-31");
    EXPECT_EQ(CohortsText(lines.Retention("period: GRANULARITY_WEEK period_count: 1")),
              sunday ? "2024-02-25 1: 0/1 1/1" : "2024-02-26 1: 1/1 0/1");
  }
}

// Rolling days in cohorts of a month: as of 10 March 12:00, the start of 8 March 12:00 has
// day 0 and 1 behind it (48 h), day 2 just begins; the start of 9 March 12:00 has day 0.
TEST(RetentionPeriods, RollingCellsSettleStartByStart) {
  Timelines lines;
  lines.Add("a", kSignUp, "2024-03-08T12:00").Add("a", kUse, "2024-03-09T13:00");
  lines.Add("b", kSignUp, "2024-03-09T12:00").Add("b", kUse, "2024-03-10T12:00");
  lines.AsOf("2024-03-10T12:00");
  const auto answer = lines.Retention(
      "cohort { start_filter: 'type = signed_up' bucket: GRANULARITY_MONTH } "
      "return_filter: 'type = feature_used' period: GRANULARITY_DAY period_count: 3 "
      "period_clock: PERIOD_CLOCK_ROLLING");
  EXPECT_EQ(CohortsText(answer), "2024-03-01 2: 0/2 2/2*[1/1] 0/1*");
  // The mean of day 1 is of a alone.
  ASSERT_EQ(answer->means_size(), 2);
  EXPECT_EQ(answer->means(1).settled(), 1);
  EXPECT_DOUBLE_EQ(answer->means(1).pooled(), 1.0);
  EXPECT_DOUBLE_EQ(answer->cohorts(0).cells(1).rate(), 1.0);
}

TEST(RetentionQuestionChecks, NameTheField) {
  const std::pair<const char*, std::pair<const char*, const char*>> kCases[] = {
      {"return_filter: 'nonsense = 1'", {"UNKNOWN_FIELD", "question.return_filter"}},
      {"cohort { start_filter: 'type =' }", {"BAD_FILTER", "question.cohort.start_filter"}},
      {"period: GRANULARITY_HOUR", {"UNKNOWN_GRANULARITY", "question.period"}},
      {"cohort { bucket: GRANULARITY_HOUR }", {"UNKNOWN_GRANULARITY", "question.cohort.bucket"}},
      {"period_count: 401", {"OUT_OF_RANGE", "question.period_count"}},
      {"period_count: -1", {"OUT_OF_RANGE", "question.period_count"}},
      {"minimum_returns: -1", {"OUT_OF_RANGE", "question.minimum_returns"}},
      {"cohort { minimum_starts: 1001 }", {"OUT_OF_RANGE", "question.cohort.minimum_starts"}},
      {"start_date: '2024-13-01'", {"BAD_DATE", "question.start_date"}},
      {"start_date: '2024-02-01' end_date: '2024-02-01'", {"INVERTED_RANGE", "question.end_date"}},
      {"mode: RETURN_MODE_BRACKET", {"REQUIRED", "question.brackets"}},
      {"brackets { last: 1 }", {"CONFLICT", "question.brackets"}},
      {"mode: RETURN_MODE_BRACKET period_count: 3 brackets { last: 1 }",
       {"CONFLICT", "question.period_count"}},
      {"mode: RETURN_MODE_BRACKET brackets { first: 1 last: 3 } brackets { first: 3 last: 4 }",
       {"BAD_BRACKET", "question.brackets[1]"}},
      {"mode: RETURN_MODE_BRACKET brackets { first: 1 last: 401 }",
       {"BAD_BRACKET", "question.brackets[0]"}},
      {"cohort { together: true dimension: 'stage' }", {"CONFLICT", "question.cohort"}},
      {"cohort { segments { label: 'x' } }", {"REQUIRED", "question.cohort.segments[0].filter"}},
      {"cohort { segments { filter: 'type = x' } }",
       {"UNKNOWN_FIELD", "question.cohort.segments[0].filter"}},
  };
  for (const auto& [question, error] : kCases) {
    EXPECT_THAT(Timelines().Retention(question), FailsWith(error.first, error.second)) << question;
  }
}

}  // namespace
}  // namespace rapport::cohorts

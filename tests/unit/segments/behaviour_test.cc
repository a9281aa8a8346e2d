// SPDX-License-Identifier: Apache-2.0
// Behavioural conditions of domain.md 2.4 with values derived by hand.
#include <string>
#include <vector>

#include "tests/unit/segments/rig.h"

namespace rapport::segments {
namespace {

struct Case {
  std::string_view at;
  bool member;
  std::string_view why;
};
void Expect(OneRule& rule, const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(rule.At(c.at), c.member) << c.at << ": " << c.why;
}

TEST(Times, AtLeastInARollingWindow) {
  OneRule rule(R"pb(behaviour {
                      filter: "type = order_placed"
                      window { rolling { length { days: 30 } } }
                      times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 2 }
                    })pb",
               {Event("order_placed", "2024-01-01T12:00"), Event("page_viewed", "2024-01-02"),
                Event("order_placed", "2024-01-20T12:00")});
  Expect(rule, {{"2024-01-01T12:00", false, "one order"},
                {"2024-01-20T11:59", false, "the second is still to come"},
                {"2024-01-20T12:00", true, "an event at T counts"},
                {"2024-01-31T11:59", true, "the first is just under 30 days old"},
                {"2024-01-31T12:00", false, "exactly 30 days old: out (from T - 30 d, exclusive)"},
                {"2024-03-01", false, "none left"}});
  EXPECT_EQ(rule.Describe(), "[type = order_placed] at least 2 times in the last 30 days");
}

TEST(Times, ZeroTimesIncludesThoseWhoNeverDid) {
  const std::string_view never = R"pb(behaviour {
                                        filter: "type = order_placed"
                                        window { rolling { length { days: 7 } } }
                                        times { comparator: SEGMENT_COMPARATOR_EXACTLY }
                                      })pb";
  OneRule browser(never, {Event("page_viewed", "2024-01-05")});
  Expect(browser, {{"2024-01-04T23:59", false, "does not exist before the first event"},
                   {"2024-01-05", true, "exists, and has never ordered"}});
  OneRule nobody(never);  // A customer without any event, known by attributes alone.
  Expect(nobody, {{"1990-01-01", true, "always exists"}, {"2024-01-05", true, "never ordered"}});
  OneRule buyer(never, {Event("order_placed", "2024-01-05")});
  Expect(buyer, {{"2024-01-05", false, "ordered"},
                 {"2024-01-11T23:59", false, "within 7 days"},
                 {"2024-01-12", true, "7 days without"}});
  OneRule at_most(R"pb(behaviour {
                         filter: "type = order_placed"
                         times { comparator: SEGMENT_COMPARATOR_AT_MOST count: 1 }
                       })pb",
                  {Event("page_viewed", "2024-01-01"), Event("order_placed", "2024-01-02"),
                   Event("order_placed", "2024-01-03")});
  Expect(at_most,
         {{"2024-01-01", true, "0 <= 1: never-performers are in (PostHog leaves them out)"},
          {"2024-01-02", true, "1 <= 1"},
          {"2024-01-03", false, "2 > 1"}});
}

TEST(Times, WindowThatEndsInThePast) {
  OneRule rule(R"pb(behaviour {
                      window {
                        rolling {
                          length { days: 30 }
                          end { days: 60 }
                        }
                      }
                      times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 1 }
                    })pb",
               {Event("page_viewed", "2024-01-01")});
  // (T - 90 d, T - 60 d]: in from 60 to just under 90 days after 1 January 2024 (a leap year:
  // 60 days later is 1 March, 90 days later 31 March).
  Expect(rule, {{"2024-02-29T23:59", false, "59.99 days old"},
                {"2024-03-01", true, "60 days old"},
                {"2024-03-30T23:59", true, "89.99 days old"},
                {"2024-03-31", false, "90 days old"}});
  EXPECT_EQ(rule.NextChange("2024-01-01"), "2024-03-01T00:00:00Z");
  EXPECT_EQ(rule.NextChange("2024-03-01"), "2024-03-31T00:00:00Z");
  EXPECT_EQ(rule.NextChange("2024-03-31"), "");
  EXPECT_EQ(rule.LastChange("2024-02-01", "2024-12-31"), "2024-03-31T00:00:00Z");
  EXPECT_EQ(rule.LastChange("2024-02-01", "2024-03-15"), "2024-03-01T00:00:00Z");
  EXPECT_EQ(rule.LastChange("2024-03-02", "2024-03-15"), "");
}

TEST(Times, CalendarWindowsInTheWorkspacesZone) {
  const std::vector<EventColumns> events = {Event("page_viewed", "2024-03-31T22:30")};
  const std::string_view last_month =
      R"pb(behaviour {
             window { calendar { granularity: GRANULARITY_MONTH buckets_ago: 1 } }
             times { comparator: SEGMENT_COMPARATOR_AT_LEAST count: 1 }
           })pb";
  OneRule utc(last_month, events);
  Expect(utc, {{"2024-03-31T23:00", false, "this month"},
               {"2024-04-01", true, "last month"},
               {"2024-05-01", false, "the month before last"}});
  // In Vienna (UTC+2 since that morning) it is 1 April 00:30 already.
  OneRule vienna(last_month, events, "Europe/Vienna");
  Expect(vienna, {{"2024-04-15", false, "this month"},
                  {"2024-04-30T21:59", false, "23:59 in Vienna"},
                  {"2024-04-30T22:00", true, "May in Vienna"},
                  {"2024-05-31T22:00", false, "June in Vienna"}});
  EXPECT_EQ(vienna.NextChange("2024-04-15"), "2024-04-30T22:00:00Z");
  EXPECT_EQ(vienna.NextChange("2024-04-30T22:00"), "2024-05-31T22:00:00Z");
  EXPECT_EQ(vienna.NextChange("2024-06-15"), "");
}

TEST(Times, FixedDays) {
  OneRule rule(R"pb(behaviour {
                      window { fixed { start_date: "2024-01-10" end_date: "2024-01-12" } }
                      times { comparator: SEGMENT_COMPARATOR_EXACTLY count: 1 }
                    })pb",
               {Event("page_viewed", "2024-01-09T23:59"), Event("page_viewed", "2024-01-10"),
                Event("page_viewed", "2024-01-12")});
  Expect(rule, {{"2024-01-09T23:59", false, "before the first day"},
                {"2024-01-10", true, "on the first day"},
                {"2025-01-01", true, "the day after the last does not count"}});
  EXPECT_EQ(rule.NextChange("2024-01-12"), "");
}

TEST(FirstTime, TheFirstEverLiesInTheWindow) {
  OneRule rule(R"pb(behaviour {
                      filter: "type = order_placed"
                      window { rolling { length { days: 30 } } }
                      first_time {}
                    })pb",
               {Event("order_placed", "2024-01-01"), Event("order_placed", "2024-03-01")});
  Expect(rule, {{"2024-01-01", true, "just now"},
                {"2024-01-30T23:59", true, "29.99 days ago"},
                {"2024-01-31", false, "30 days ago"},
                {"2024-03-01", false, "ordered, but not for the first time"}});
  EXPECT_EQ(rule.NextChange("2024-01-01"), "2024-01-31T00:00:00Z");
}

TEST(Regularly, RollingWeeks) {
  // Twice a week in at least 2 of the last 3 weeks.
  OneRule rule(R"pb(behaviour {
                      filter: "type = session_ended"
                      regularly {
                        times: 2
                        length { days: 7 }
                        periods: 3
                        at_least_periods: 2
                      }
                    })pb",
               {Event("session_ended", "2024-01-01"), Event("session_ended", "2024-01-03"),
                Event("session_ended", "2024-01-09"), Event("session_ended", "2024-01-10")});
  Expect(rule, {{"2024-01-03", false, "one good week only"},
                {"2024-01-10", true, "(3, 10]: 2; (27 Dec, 3]: 2"},
                {"2024-01-15", false, "(8, 15]: 2; (1, 8]: the 3rd; (25 Dec, 1]: the 1st"},
                {"2024-01-17", true, "(10, 17]: none; (3, 10]: 2; (27 Dec, 3]: 2"}});
}

TEST(Regularly, RollingWeeksSlide) {
  OneRule rule(R"pb(behaviour {
                      regularly {
                        times: 2
                        length { days: 7 }
                        periods: 2
                      }
                    })pb",
               {Event("session_ended", "2024-01-01"), Event("session_ended", "2024-01-03"),
                Event("session_ended", "2024-01-09"), Event("session_ended", "2024-01-10")});
  Expect(rule, {{"2024-01-09", false, "(2, 9]: the 3rd and the 9th, but (26, 2]: the 1st only"},
                {"2024-01-10", true, "(3, 10]: 9th and 10th; (27, 3]: 1st and 3rd"},
                {"2024-01-14T23:59", true, "the 1st is 13.99 days old"},
                {"2024-01-15", false, "the 1st is 14 days old: out of both weeks"}});
  EXPECT_EQ(rule.NextChange("2024-01-10"), "2024-01-15T00:00:00Z");
  EXPECT_EQ(rule.NextChange("2024-01-15"), "");
}

TEST(Regularly, CalendarMonths) {
  // At least once a month in 2 of the last 3 months, the current one among them.
  OneRule rule(R"pb(behaviour {
                      filter: "type = order_placed"
                      regularly { granularity: GRANULARITY_MONTH periods: 3 at_least_periods: 2 }
                    })pb",
               {Event("order_placed", "2024-01-15"), Event("order_placed", "2024-03-15")});
  Expect(rule, {{"2024-01-31", false, "January alone"},
                {"2024-03-14", false, "January alone of January to March"},
                {"2024-03-15", true, "January and March"},
                {"2024-03-31", true, "January and March"},
                {"2024-04-01", false, "March alone of February to April"}});
  EXPECT_EQ(rule.NextChange("2024-03-15"), "2024-04-01T00:00:00Z");
}

TEST(Stopped, DidInTheOuterWindowButNotInTheInnerOne) {
  OneRule rule(R"pb(behaviour {
                      filter: "type = session_ended"
                      window { rolling { length { days: 30 } } }
                      stopped { inner { days: 7 } }
                    })pb",
               {Event("session_ended", "2024-01-01"), Event("session_ended", "2024-01-10")});
  Expect(rule, {{"2024-01-01", false, "active"},
                {"2024-01-08", true, "7 days silent: (T - 7 d, T] is empty"},
                {"2024-01-09T23:59", true, "still silent"},
                {"2024-01-10", false, "active again"},
                {"2024-01-16T23:59", false, "6.99 days silent"},
                {"2024-01-17", true, "7 days silent"},
                {"2024-02-08T23:59", true, "the last is 29.99 days old"},
                {"2024-02-09", false, "nothing within 30 days: expired by itself"}});
  EXPECT_EQ(rule.NextChange("2024-01-10"), "2024-01-17T00:00:00Z");
  EXPECT_EQ(rule.NextChange("2024-01-17"), "2024-02-09T00:00:00Z");
}

TEST(Restarted, BeforeThenSilentThenAgain) {
  OneRule rule(R"pb(behaviour {
                      filter: "type = session_ended"
                      window { rolling { length { days: 30 } } }
                      restarted { inner { days: 7 } }
                    })pb",
               {Event("session_ended", "2024-01-01"), Event("session_ended", "2024-02-05")});
  Expect(rule, {{"2024-01-31", false, "stopped, not restarted"},
                {"2024-02-04T23:59", false, "still silent"},
                {"2024-02-05", true, "again after 35 days, of which 23 in the outer window"},
                {"2024-02-11T23:59", true, "6.99 days after the return"},
                {"2024-02-12", false, "the return has left the inner window"}});
  OneRule new_one(R"pb(behaviour {
                         window { rolling { length { days: 30 } } }
                         restarted { inner { days: 7 } }
                       })pb",
                  {Event("session_ended", "2024-02-05")});
  Expect(new_one, {{"2024-02-05", false, "never did it before"}});
  OneRule steady(R"pb(behaviour {
                        window { rolling { length { days: 30 } } }
                        restarted { inner { days: 7 } }
                      })pb",
                 {Event("session_ended", "2024-01-01"), Event("session_ended", "2024-01-25"),
                  Event("session_ended", "2024-02-05")});
  Expect(steady, {{"2024-02-05", false, "was there 11 days before: not silent"}});
}

struct Refused {
  std::string_view rule;
  std::string_view reason;
  std::string_view field;  // Below s.rule.behaviour; empty: itself.
};
constexpr Refused kRefused[] = {
    {R"pb(behaviour { filter: "type = order_placed" })pb", "REQUIRED", ""},
    {R"pb(behaviour { times { count: 1 } })pb", "REQUIRED", "times.comparator"},
    {R"pb(behaviour { times { comparator: SEGMENT_COMPARATOR_EXACTLY count: -1 } })pb", "NEGATIVE",
     "times.count"},
    {R"pb(behaviour {
            window { rolling {} }
            first_time {}
          })pb",
     "NOT_POSITIVE", "window.rolling.length"},
    {R"pb(behaviour {
            window { rolling { length { days: -1 } } }
            first_time {}
          })pb",
     "OUT_OF_RANGE", "window.rolling.length"},
    {R"pb(behaviour { stopped { inner { days: 7 } } })pb", "NOT_ROLLING", "window"},
    {R"pb(behaviour {
            window { rolling { length { days: 7 } } }
            stopped { inner { days: 7 } }
          })pb",
     "OUT_OF_RANGE", "stopped.inner"},
    {R"pb(behaviour {
            window {
              rolling {
                length { days: 7 }
                end { days: 1 }
              }
            }
            restarted { inner { days: 1 } }
          })pb",
     "NOT_ROLLING", "window"},
    {R"pb(behaviour { regularly { length { days: 7 } } })pb", "OUT_OF_RANGE", "regularly.periods"},
    {R"pb(behaviour {
            regularly {
              length { days: 7 }
              periods: 3
              at_least_periods: 4
            }
          })pb",
     "OUT_OF_RANGE", "regularly.at_least_periods"},
    {R"pb(behaviour { regularly { periods: 3 } })pb", "NOT_POSITIVE", "regularly.length"},
    {R"pb(behaviour {
            window { fixed { start_date: "2024-01-02" end_date: "2024-01-02" } }
            first_time {}
          })pb",
     "INVERTED_RANGE", "window.fixed.end_date"},
    {R"pb(behaviour {
            window { fixed { start_date: "yesterday" } }
            first_time {}
          })pb",
     "BAD_DATE", "window.fixed.start_date"},
    {R"pb(behaviour {
            window { calendar {} }
            first_time {}
          })pb",
     "UNKNOWN_GRANULARITY", "window.calendar.granularity"},
    {R"pb(behaviour {
            filter: "typo = 1"
            first_time {}
          })pb",
     "UNKNOWN_FIELD", "filter"},
};
TEST(Behaviour, RefusesWhatItCannotMean) {
  for (const Refused& c : kRefused) {
    Rig rig;
    rig.Define("s", c.rule);
    const std::string field = Cat("s.rule.behaviour", c.field.empty() ? "" : ".", c.field);
    EXPECT_THAT(rig.Compile().status(), testing::FailsWith(std::string(c.reason), field)) << c.rule;
  }
}

}  // namespace
}  // namespace rapport::segments

// SPDX-License-Identifier: Apache-2.0
// Figures of events compared with numbers, derived by hand.
#include <string>
#include <tuple>
#include <vector>

#include "rapport/v1/reference.pb.h"
#include "tests/unit/segments/rig.h"

namespace rapport::segments {
namespace {

std::vector<EventColumns> Orders() {
  return {Event("order_placed", "2024-01-01", 100), Event("order_placed", "2024-01-01T18:00", 20),
          Event("order_refunded", "2024-01-05", 30.5), Event("order_placed", "2024-02-01", 10)};
}
std::string Aggregate(std::string_view rest) { return Cat("aggregate { ", rest, " }"); }

struct Case {
  std::string_view rule;
  std::string_view at;
  bool member;
  std::string_view why;
};

TEST(Aggregate, Figures) {
  const std::vector<Case> cases = {
      {"figure: SEGMENT_FIGURE_REVENUE comparator: SEGMENT_COMPARATOR_EXACTLY value: 99.5",
       "2024-02-01", true, "100 + 20 - 30.5 + 10"},
      {"figure: SEGMENT_FIGURE_REVENUE comparator: SEGMENT_COMPARATOR_AT_LEAST value: 120",
       "2024-01-04", true, "before the refund"},
      {"figure: SEGMENT_FIGURE_REVENUE comparator: SEGMENT_COMPARATOR_AT_LEAST value: 120",
       "2024-01-05", false, "89.5 with the refund"},
      {"figure: SEGMENT_FIGURE_COUNT comparator: SEGMENT_COMPARATOR_MORE_THAN value: 3.5",
       "2024-02-01", true, "4 events"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_SUM field: 'amount' "
       "comparator: SEGMENT_COMPARATOR_EXACTLY value: 130",
       "2024-02-01", true, "100 + 20 + 10"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_MINIMUM field: 'amount' "
       "comparator: SEGMENT_COMPARATOR_LESS_THAN value: 20",
       "2024-01-31", false, "the least is 20"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_MINIMUM field: 'amount' "
       "comparator: SEGMENT_COMPARATOR_LESS_THAN value: 20",
       "2024-02-01", true, "10"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_MAXIMUM field: 'amount' "
       "comparator: SEGMENT_COMPARATOR_EXACTLY value: 100",
       "2024-02-01", true, "100"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_MEAN field: 'amount' "
       "comparator: SEGMENT_COMPARATOR_EXACTLY value: 60",
       "2024-01-31", true, "(100 + 20) / 2"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_MEAN field: 'amount' "
       "comparator: SEGMENT_COMPARATOR_AT_MOST value: 43.333333",
       "2024-02-01", false, "130 / 3 = 43.333333... is more than 43.333333"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_DISTINCT_DAYS "
       "comparator: SEGMENT_COMPARATOR_EXACTLY value: 2",
       "2024-02-01", true, "1 January (twice) and 1 February"},
      {"filter: 'type = nps_answered' figure: SEGMENT_FIGURE_MEAN field: 'score' "
       "comparator: SEGMENT_COMPARATOR_LESS_THAN value: 7",
       "2024-02-01", false, "no answer has no mean"},
      {"filter: 'type = nps_answered' figure: SEGMENT_FIGURE_COUNT "
       "comparator: SEGMENT_COMPARATOR_LESS_THAN value: 1",
       "2024-02-01", true, "no answer counts 0"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_DAYS_SINCE_LAST "
       "comparator: SEGMENT_COMPARATOR_AT_LEAST value: 30",
       "2024-02-01", false, "just now"},
      {"filter: 'type = order_placed' figure: SEGMENT_FIGURE_DAYS_SINCE_FIRST "
       "comparator: SEGMENT_COMPARATOR_EXACTLY value: 31",
       "2024-02-01", true, "31 days of 24 hours after 1 January 00:00"},
      {"window { rolling { length { days: 7 } } } figure: SEGMENT_FIGURE_REVENUE "
       "comparator: SEGMENT_COMPARATOR_EXACTLY value: 10",
       "2024-02-01", true, "the last week's order alone"},
  };
  for (const Case& c : cases) {
    OneRule rule(Aggregate(c.rule), Orders());
    EXPECT_EQ(rule.At(c.at), c.member) << c.rule << ": " << c.why;
  }
}

TEST(Aggregate, AgesCrossTheirBoundAsTimePasses) {
  const std::string rest =
      "filter: 'type = order_placed' figure: SEGMENT_FIGURE_DAYS_SINCE_LAST value: 30 ";
  OneRule at_least(Aggregate(rest + "comparator: SEGMENT_COMPARATOR_AT_LEAST"), Orders());
  EXPECT_EQ(at_least.NextChange("2024-02-01"), "2024-03-02T00:00:00Z");  // 29 days of February.
  EXPECT_EQ(at_least.NextChange("2024-03-02"), "");
  OneRule at_most(Aggregate(rest + "comparator: SEGMENT_COMPARATOR_AT_MOST"), Orders());
  EXPECT_EQ(at_most.NextChange("2024-02-01"), "2024-03-02T00:00:00.000001Z");
  OneRule less(Aggregate(rest + "comparator: SEGMENT_COMPARATOR_LESS_THAN"), Orders());
  EXPECT_EQ(less.NextChange("2024-02-01"), "2024-03-02T00:00:00Z");
  // Between the events: true from 31 January 18:00 (30 days after the second order) until
  // the order of 1 February.
  EXPECT_EQ(at_least.NextChange("2024-01-02"), "2024-01-31T18:00:00Z");
  EXPECT_EQ(at_least.NextChange("2024-01-31T18:00"), "2024-02-01T00:00:00Z");
  EXPECT_EQ(at_least.LastChange("2024-01-02", "2024-02-15"), "2024-02-01T00:00:00Z");
}

TEST(Aggregate, RevenueIsConvertedAtTheDaysRate) {
  Rig rig;
  rig.Define("s", Aggregate("figure: SEGMENT_FIGURE_REVENUE value: 17.5 "
                            "comparator: SEGMENT_COMPARATOR_EXACTLY"));
  v1::ExchangeRateTable table;
  for (const auto& [day, nanos] :
       {std::pair("2024-01-01", 500'000'000), {"2024-02-01", 750'000'000}}) {
    auto& rate = *table.add_rates();
    rate.set_currency("USD");
    rate.set_date(day);
    rate.set_rate_nanos(nanos);
  }
  const auto rates = metrics::RateTable::Create(table, rig.scope().base_currency);
  RAPPORT_ASSERT_OK(rates);
  rig.scope().rates = &*rates;
  const std::vector<EventColumns> events = {
      Event("order_placed", "2023-12-31", 1000, "USD"),  // No rate yet: left out.
      Event("order_placed", "2024-01-15", 20, "USD"),
      Event("order_placed", "2024-02-15", 10, "USD"),
      Event("order_placed", "2024-02-16", 1000, "GBP")};
  RAPPORT_ASSERT_OK_AND_ASSIGN(const auto rules, rig.Compile());
  EXPECT_TRUE(rules->NeedsOf(0).rates);
  Evaluator evaluator(*rules, nullptr);
  filter::CustomerEvents customer;
  customer.events = events;
  evaluator.Begin(customer);
  EXPECT_TRUE(evaluator.Member(0, At("2024-03-01")));  // 20 x 0.5 + 10 x 0.75
}

TEST(Aggregate, InWords) {
  OneRule all(
      Aggregate("figure: SEGMENT_FIGURE_REVENUE value: 99.5 "
                "comparator: SEGMENT_COMPARATOR_AT_LEAST"));
  EXPECT_EQ(all.Describe(), "revenue at least 99.5, ever");
  OneRule some(
      Aggregate("filter: 'type = nps_answered' figure: SEGMENT_FIGURE_MEAN field: 'score' "
                "value: 7 comparator: SEGMENT_COMPARATOR_LESS_THAN "
                "window { rolling { length { days: 90 } } }"));
  EXPECT_EQ(some.Describe(), "[type = nps_answered]: mean score less than 7, in the last 90 days");
}

TEST(Aggregate, RefusesWhatItCannotCompute) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"comparator: SEGMENT_COMPARATOR_EXACTLY", "REQUIRED", "figure"},
      {"figure: SEGMENT_FIGURE_COUNT", "REQUIRED", "comparator"},
      {"figure: SEGMENT_FIGURE_SUM comparator: SEGMENT_COMPARATOR_EXACTLY", "REQUIRED", "field"},
      {"figure: SEGMENT_FIGURE_COUNT field: 'amount' comparator: SEGMENT_COMPARATOR_EXACTLY",
       "NOT_ALLOWED", "field"},
      {"figure: SEGMENT_FIGURE_SUM field: 'channel' comparator: SEGMENT_COMPARATOR_EXACTLY",
       "NOT_A_NUMBER", "field"},
      {"figure: SEGMENT_FIGURE_SUM field: 'amuont' comparator: SEGMENT_COMPARATOR_EXACTLY",
       "UNKNOWN_FIELD", "field"},
      {"figure: SEGMENT_FIGURE_COUNT value: nan comparator: SEGMENT_COMPARATOR_EXACTLY",
       "OUT_OF_RANGE", "value"},
  };
  for (const auto& [rule, reason, field] : cases) {
    Rig rig;
    rig.Define("s", Aggregate(rule));
    EXPECT_THAT(rig.Compile().status(), testing::FailsWith(reason, "s.rule.aggregate." + field))
        << rule;
  }
}

}  // namespace
}  // namespace rapport::segments

// SPDX-License-Identifier: Apache-2.0
// Queries from raw events to answers, each by every plan that fits: the worked examples of
// the metric vocabulary, kinds of maths, the shape of answers and refusals.
#include <cmath>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/metrics/kinds.h"
#include "lib/metrics/registry.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::QueryMetricRequest In2024(std::string_view metric) {
  return Query(metric, "2024-01-01", "2025-01-01");
}

// `count` customers, numbered from `first`, with an event each.
void AddMany(History& history, int first, int count, const std::string& event) {
  for (int i = first; i < first + count; ++i) history.Add(Cat("c", i, " ", event));
}

// The one point of the range, the same by the plan chosen and by the scan.
v1::MetricPoint Whole(History& history, const v1::QueryMetricRequest& request) {
  const auto chosen = history.Ask(request);
  const auto scanned = history.AskBy(Plan::kScan, request);
  EXPECT_TRUE(chosen.ok() && scanned.ok()) << chosen.status() << scanned.status();
  if (!chosen.ok() || !scanned.ok() || chosen->total().points_size() != 1) return {};
  EXPECT_EQ(chosen->total().DebugString(), scanned->total().DebugString());
  return chosen->total().points(0);
}

// --- Worked examples of the metric vocabulary --------------------------------------------

TEST(Query, NpsWorkedExample) {
  // 300 promoters, 100 passives, 100 detractors: 60 - 20 = 40.
  History history;
  AddMany(history, 0, 200, "2024-03-01T10:00 nps_answered score=9");
  AddMany(history, 200, 100, "2024-03-02T10:00 nps_answered score=10");
  AddMany(history, 300, 100, "2024-03-03T10:00 nps_answered score=7");
  AddMany(history, 400, 100, "2024-03-04T10:00 nps_answered score=6");
  const v1::MetricPoint point = Whole(history, Query("nps"));
  EXPECT_DOUBLE_EQ(point.value(), 40);
  EXPECT_EQ(point.sample_size(), 500);
  // 100 x 1.959964 x sqrt((.6 + .2 - .16) / 500) = 7.0122.
  EXPECT_NEAR(point.interval().low(), 40 - 7.01221, 1e-4);
  EXPECT_NEAR(point.interval().high(), 40 + 7.01221, 1e-4);
}

TEST(Query, CsatWorkedExample) {
  History history;
  for (const int score : {5, 4, 2, 1}) {
    history.Add(Cat("a 2024-03-01T10:00 csat_answered score=", score));
  }
  EXPECT_DOUBLE_EQ(Whole(history, Query("csat")).value(), 50);
}

TEST(Query, RetentionAndNetGrowthWorkedExample) {
  // Start 10,000, new 5,000, end 12,000.
  History history;
  AddMany(history, 0, 11'000, "2023-05-01T10:00 subscription_started sub=1");
  AddMany(history, 0, 1'000, "2023-06-01T10:00 subscription_cancelled sub=1");
  AddMany(history, 11'000, 5'000, "2024-02-01T10:00 subscription_started sub=1");
  AddMany(history, 1'000, 3'500, "2024-03-01T10:00 subscription_cancelled sub=1");
  AddMany(history, 0, 500, "2024-04-01T10:00 subscription_started sub=2");
  history.SetAsOf("2025-06-01T00:00");
  EXPECT_DOUBLE_EQ(Whole(history, In2024("customer_retention_rate")).value(), 70);
  EXPECT_EQ(Whole(history, In2024("customer_retention_rate")).sample_size(), 10'000);
  EXPECT_DOUBLE_EQ(Whole(history, In2024("net_growth")).value(), 20);
  EXPECT_DOUBLE_EQ(Whole(history, In2024("customers")).value(), 12'000);
}

TEST(Query, ChurnWorkedExample) {
  // 1,000 at the start of the month, 100 lost in it.
  History history;
  AddMany(history, 0, 1'000, "2024-02-20T10:00 subscription_started sub=1");
  AddMany(history, 0, 100, "2024-03-09T10:00 subscription_cancelled sub=1");
  history.SetAsOf("2024-06-01T00:00");
  const auto response =
      history.Ask(Query("churn_rate", "2024-02-01", "2024-05-01", v1::GRANULARITY_MONTH));
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->total().points_size(), 3);
  EXPECT_FALSE(response->total().points(0).has_value()) << "nobody at the start of February";
  EXPECT_DOUBLE_EQ(response->total().points(1).value(), 10);
  EXPECT_DOUBLE_EQ(response->total().points(2).value(), 0);
  EXPECT_DOUBLE_EQ(response->total().points(2).denominator(), 900);
}

TEST(Query, SimpleClvWorkedExample) {
  // 10 customers, 12 orders of 100 each in a year: 100 x 12 x 1 = 1,200.
  History history;
  for (int month = 1; month <= 12; ++month) {
    const std::string number = Cat(month < 10 ? "0" : "", month);
    AddMany(history, 0, 10, Cat("2024-", number, "-15T10:00 order_placed amount=100"));
  }
  v1::QueryMetricRequest request = In2024("clv_simple");
  EXPECT_DOUBLE_EQ(Whole(history, request).value(), 1'200);
  request.set_years(3);
  EXPECT_DOUBLE_EQ(Whole(history, request).value(), 3'600);
}

TEST(Query, ClickThroughWorkedExample) {
  History history;
  AddMany(history, 0, 1'000, "2024-03-01T10:00 campaign_shown");
  AddMany(history, 0, 100, "2024-03-01T10:01 ad_clicked");
  EXPECT_DOUBLE_EQ(Whole(history, Query("click_through_rate")).value(), 10);
}

// --- Kinds ------------------------------------------------------------------------------

TEST(Query, OtherScalesAreMappedLinearly) {
  // 8 of 10 maps to 4.11 of 5 (satisfied), 7 of 10 to 3.67. CES: 3 of 5 maps to 4 of 7, and
  // 6 of 7 is 6.
  History history;
  history.AddAll(R"(
    a 2024-03-01T10:00 csat_answered score=8 scale=10
    b 2024-03-01T10:00 csat_answered score=7 scale=10
    a 2024-03-01T10:00 ces_answered score=3 scale=5
    b 2024-03-01T10:00 ces_answered score=6 scale=7)");
  EXPECT_DOUBLE_EQ(Whole(history, Query("csat")).value(), 50);
  EXPECT_DOUBLE_EQ(Whole(history, Query("ces")).value(), 5);
}

TEST(Query, RevenueIsNetOfRefundsInBaseCurrency) {
  History history;
  history.AddAll(R"(
    a 2024-03-01T10:00 order_placed amount=10
    b 2024-03-01T10:00 order_placed amount=20
    b 2024-03-01T10:00 booking_made amount=20
    a 2024-03-02T10:00 order_refunded amount=5.5
    a 2024-03-02T10:00 order_placed amount=24 cur=USD
    b 2024-03-02T10:00 order_placed amount=25 cur=USD
    c 2024-03-02T10:00 order_placed amount=25 cur=USD
    d 2024-03-02T10:00 order_placed amount=25 cur=USD)");
  EXPECT_DOUBLE_EQ(Whole(history, Query("revenue")).value(), 44.5);
  EXPECT_DOUBLE_EQ(Whole(history, Query("gross_revenue")).value(), 50);
  EXPECT_DOUBLE_EQ(Whole(history, Query("refunds")).value(), 5.5);
  EXPECT_DOUBLE_EQ(Whole(history, Query("orders")).value(), 7);
  EXPECT_DOUBLE_EQ(Whole(history, Query("average_order_value")).value(), 50.0 / 3);
  const auto response = history.Ask(Query("revenue"));
  EXPECT_THAT(response->context().notes(), Contains(HasSubstr("4 amounts in other currencies")));
}

TEST(Query, TimeOnPlatformIsInSeconds) {
  History history;
  AddMany(history, 0, 2, "2024-03-01T10:00 session_ended seconds=45");
  EXPECT_DOUBLE_EQ(Whole(history, Query("time_on_platform")).value(), 45);
}

TEST(Query, DistinctCustomersByBucket) {
  History history;
  AddMany(history, 0, 5, "2024-01-10T10:00 page_viewed");
  AddMany(history, 0, 5, "2024-01-20T10:00 page_viewed");
  AddMany(history, 3, 7, "2024-02-10T10:00 page_viewed");
  AddMany(history, 3, 4, "2024-02-11T10:00 order_placed amount=1");
  AddMany(history, 3, 1, "2024-02-12T10:00 order_placed amount=1");
  const auto active =
      history.Ask(Query("active_customers", "2024-01-01", "2024-03-01", v1::GRANULARITY_MONTH));
  RAPPORT_ASSERT_OK(active);
  EXPECT_DOUBLE_EQ(active->total().points(0).value(), 5);
  EXPECT_DOUBLE_EQ(active->total().points(1).value(), 7);
  const auto share = Query("repeat_purchase_rate", "2024-02-01", "2024-03-01");
  EXPECT_DOUBLE_EQ(Whole(history, share).value(), 25);
  // No night counts customers between other days: the events are looked at.
  const auto cut = history.Ask(Query("active_customers", "2024-02-03", "2024-02-11"));
  RAPPORT_ASSERT_OK(cut);
  EXPECT_EQ(cut->plan(), "scan");
  EXPECT_DOUBLE_EQ(cut->total().points(0).value(), 7);
}

// --- Shape of the answer ----------------------------------------------------------------

TEST(Query, EmptyBucketsAreKeptWithoutAValue) {
  History history;
  AddMany(history, 0, 3, "2024-03-01T10:00 csat_answered score=5");
  const auto response =
      history.Ask(Query("csat", "2024-02-01", "2024-04-01", v1::GRANULARITY_MONTH));
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->total().points_size(), 2);
  EXPECT_FALSE(response->total().points(0).has_value());
  EXPECT_EQ(response->total().points(0).start_date(), "2024-02-01");
  EXPECT_EQ(response->total().points(0).end_date(), "2024-03-01");
  EXPECT_DOUBLE_EQ(response->total().points(1).value(), 100);
}

TEST(Query, GroupsAddUpToTheTotalLargestFirst) {
  History history;
  AddMany(history, 0, 3, "2024-03-01T10:00 signed_up channel=email touchpoint=checkout");
  AddMany(history, 3, 9, "2024-04-01T10:00 signed_up channel=in_person touchpoint=shop");
  v1::QueryMetricRequest request =
      Query("sign_ups", "2024-03-01", "2024-05-01", v1::GRANULARITY_MONTH);
  request.add_group_by("touchpoint");
  request.add_group_by("channel");
  const auto response = history.Ask(request);
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->groups_size(), 2);
  EXPECT_THAT(response->groups(0).group(), ElementsAre("shop", "in_person"));
  EXPECT_THAT(response->groups(1).group(), ElementsAre("checkout", "email"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(response->groups(0).points(i).numerator() + response->groups(1).points(i).numerator(),
              response->total().points(i).numerator());
  }
}

TEST(Query, ComparesWithTheRangeBefore) {
  History history;
  AddMany(history, 0, 3, "2024-02-10T10:00 signed_up");
  AddMany(history, 3, 5, "2024-03-10T10:00 signed_up");
  v1::QueryMetricRequest request = Query("sign_ups", "2024-03-01", "2024-04-01");
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  const auto response = history.Ask(request);
  RAPPORT_ASSERT_OK(response);
  EXPECT_DOUBLE_EQ(response->total().points(0).value(), 5);
  ASSERT_EQ(response->compared_size(), 1);
  ASSERT_EQ(response->compared(0).series().points_size(), 1);
  EXPECT_DOUBLE_EQ(response->compared(0).series().points(0).value(), 3);
  EXPECT_EQ(response->compared(0).series().points(0).start_date(), "2024-02-01");
}

TEST(Query, BandOnlyFromTheMinimumSample) {
  History history;
  AddMany(history, 0, 29, "2024-03-01T10:00 csat_answered score=5");
  auto response = history.Ask(In2024("csat"));
  EXPECT_EQ(response->band(), "");
  EXPECT_THAT(response->context().notes(), Contains(HasSubstr("Small sample: 29 answers")));
  AddMany(history, 29, 1, "2024-03-01T10:00 csat_answered score=5");
  response = history.Ask(In2024("csat"));
  EXPECT_EQ(response->band(), "excellent");
  EXPECT_EQ(response->context().sample_size(), 30);
  EXPECT_EQ(response->context().definition(), "csat");
  EXPECT_EQ(response->context().start_date(), "2024-01-01");
  EXPECT_EQ(response->context().end_date(), "2025-01-01");
}

TEST(Query, BucketsPastAsOfAreIncomplete) {
  History history;
  history.Add("a 2024-01-01T10:00 order_placed amount=1");
  history.Add("a 2024-03-20T10:00 order_placed amount=1");
  history.SetAsOf("2024-03-21T00:00");
  const auto response = history.Ask(Query("orders", "", "", v1::GRANULARITY_MONTH));
  RAPPORT_ASSERT_OK(response);
  ASSERT_EQ(response->total().points_size(), 3);
  EXPECT_FALSE(response->total().points(1).incomplete());
  EXPECT_TRUE(response->total().points(2).incomplete());
}

TEST(Query, BadRequestsNameTheField) {
  History history;
  EXPECT_THAT(history.Ask(Query("npps")), FailsWith("UNKNOWN_METRIC", "metric"));
  EXPECT_THAT(history.Ask(Query("nps", "2024-13-01")), FailsWith("BAD_DATE", "start_date"));
  EXPECT_THAT(history.Ask(Query("nps", "2024-03-01", "2024-02-01")),
              FailsWith("INVERTED_RANGE", "end_date"));
  v1::QueryMetricRequest clv = Query("clv_simple");
  for (const double years : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    clv.set_years(years);
    EXPECT_THAT(history.Ask(clv), FailsWith("NOT_POSITIVE", "years"));
  }
}

TEST(Query, EveryMetricAnswersWithoutData) {
  History history;
  for (const char* series : {"followers", "reach", "impressions"}) {
    history.SetReference(series, {{"2023-01-01", 1}});
  }
  for (const v1::MetricDefinition& definition : BuiltInDefinitions()) {
    v1::QueryMetricRequest request = In2024(definition.metric());
    const bool as_of_now = ShapeOf(definition.kind()) == Shape::kFacts;
    if (!as_of_now) request.set_granularity(v1::GRANULARITY_MONTH);
    const auto response = history.Ask(request);
    ASSERT_TRUE(response.ok()) << definition.metric() << " " << response.status();
    EXPECT_EQ(response->total().points_size(), as_of_now ? 1 : 12) << definition.metric();
    EXPECT_EQ(response->band(), "") << definition.metric();
  }
}

}  // namespace
}  // namespace rapport::metrics

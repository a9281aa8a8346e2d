// SPDX-License-Identifier: Apache-2.0
// The shape of answers: groups and `other`, comparisons with their tests, notes, refusals.
#include "lib/metrics/respond.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "lib/metrics/sum_table.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"

namespace rapport::metrics {
namespace {

using ::rapport::testing::FailsWith;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// `hits` of `all` campaigns shown at a touchpoint on a day are clicked.
void Show(History& history, const char* day, const char* touchpoint, int all, int hits) {
  for (int i = 0; i < all; ++i) {
    const std::string where =
        Cat("T10:00 ", i < hits ? "ad_clicked" : "search", " touchpoint=", touchpoint);
    history.Add(Cat("c", i, " ", day, "T09:00 campaign_shown touchpoint=", touchpoint));
    if (i < hits) history.Add(Cat("c", i, " ", day, where));
  }
}

TEST(Respond, TopGroupsAndOther) {
  History history;
  for (const auto& [touchpoint, count] :
       {std::pair{"home", 5}, std::pair{"shop", 3}, std::pair{"mail", 2}, std::pair{"app", 1}}) {
    for (int i = 0; i < count; ++i) {
      history.Add(Cat("a 2024-03-0", i + 1, "T10:00 signed_up touchpoint=", touchpoint));
    }
  }
  v1::QueryMetricRequest request = Query("sign_ups", "2024-03-01", "2024-03-31");
  request.add_group_by("touchpoint");
  request.set_top(2);
  const auto answer = history.Ask(request);
  RAPPORT_ASSERT_OK(answer);
  ASSERT_EQ(answer->groups_size(), 3);
  EXPECT_THAT(answer->groups(0).group(), ElementsAre("home"));
  EXPECT_THAT(answer->groups(1).group(), ElementsAre("shop"));
  EXPECT_TRUE(answer->groups(2).other());
  EXPECT_EQ(answer->groups(2).whole().value(), 3);
  EXPECT_EQ(answer->total().whole().value(), 11);
}

TEST(Respond, ThreeDimensionsOfEventsAndCustomers) {
  History history;
  history.AddAll(R"(
    a 2024-03-01T10:00 order_placed amount=10 channel=web campaign=spring
    a 2024-03-02T10:00 order_placed amount=20 channel=app
    b 2024-03-02T10:00 order_placed amount=40 channel=web campaign=spring)");
  history.Set("a", "stage", "loyal");
  v1::QueryMetricRequest request = Query("revenue", "2024-03-01", "2024-04-01");
  for (const char* dimension : {"stage", "campaign", "channel"}) request.add_group_by(dimension);
  const auto answer = history.Ask(request);
  RAPPORT_ASSERT_OK(answer);
  EXPECT_EQ(answer->plan(), "scan");
  ASSERT_EQ(answer->groups_size(), 3);
  EXPECT_THAT(answer->groups(0).group(), ElementsAre("loyal", "none", "app"));
  EXPECT_THAT(answer->groups(1).group(), ElementsAre("loyal", "spring", "web"));
  EXPECT_THAT(answer->groups(2).group(), ElementsAre("none", "spring", "web"));
  EXPECT_EQ(answer->groups(2).whole().value(), 40);
}

TEST(Respond, FiltersChooseEventsInEveryPlan) {
  History history;
  history.AddAll(R"(
    a 2024-03-01T10:00 order_placed amount=10 channel=web
    a 2024-03-02T10:00 order_placed amount=20 channel=app
    b 2024-03-02T10:00 ticket_opened ticket=1 channel=web
    b 2024-03-02T11:00 ticket_first_replied ticket=1 channel=email
    b 2024-03-02T10:00 ticket_opened ticket=2 channel=app)");
  v1::QueryMetricRequest request = Query("revenue", "2024-03-01", "2024-04-01");
  request.set_filter("channel = web");
  for (const Plan plan : {Plan::kCells, Plan::kScan}) {
    EXPECT_EQ(history.AskBy(plan, request)->total().whole().value(), 10);
  }
  request.set_metric("first_response_time");
  for (const Plan plan : {Plan::kMeasureCells, Plan::kScan}) {
    EXPECT_EQ(history.AskBy(plan, request)->total().whole().value(), 3600);
  }
  request.set_filter("channel = web AND");
  EXPECT_THAT(history.Ask(request), FailsWith("BAD_FILTER", "filter"));
  EXPECT_THAT(std::string(history.Ask(request).status().message()), HasSubstr("position"));
}

TEST(Respond, ComparisonIsTestedAndCorrected) {
  History history;
  Show(history, "2024-02-10", "home", 400, 40);
  Show(history, "2024-03-10", "home", 400, 80);
  v1::QueryMetricRequest request = Query("click_through_rate", "2024-03-01", "2024-04-01");
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  const auto answer = history.Ask(request);
  RAPPORT_ASSERT_OK(answer);
  ASSERT_EQ(answer->compared_size(), 1);
  const v1::Difference& difference = answer->compared(0).difference();
  EXPECT_EQ(answer->compared(0).start_date(), "2024-02-01");
  EXPECT_DOUBLE_EQ(difference.change(), 10);
  EXPECT_DOUBLE_EQ(difference.relative_change(), 1);
  // z = .1 / sqrt(.15 x .85 x 2 / 400) = 3.96059, two-sided p = 7.48e-5.
  EXPECT_NEAR(difference.p_value(), 7.48e-5, 1e-6);
  EXPECT_GE(difference.adjusted_p_value(), difference.p_value());
  EXPECT_TRUE(difference.significant());
}

TEST(Respond, SmallSamplesAreNeverSignificantNorJudged) {
  History history;
  for (int i = 0; i < 29; ++i) {
    history.Add(Cat("c", i, " 2024-02-10T10:00 nps_answered score=0"));
    history.Add(Cat("c", i, " 2024-03-10T10:00 nps_answered score=10"));
  }
  v1::QueryMetricRequest request = Query("nps", "2024-03-01", "2024-04-01");
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  const auto answer = history.Ask(request);
  RAPPORT_ASSERT_OK(answer);
  EXPECT_EQ(answer->band(), "");
  EXPECT_FALSE(answer->compared(0).difference().significant());
  EXPECT_THAT(answer->context().notes(), Contains(HasSubstr("Small sample: 29 answers")));
}

TEST(Respond, SimpsonsParadoxIsNoted) {
  // Each touchpoint's rate rises, the total falls, as the weak one grew.
  History history;
  Show(history, "2024-02-10", "home", 900, 450);
  Show(history, "2024-02-11", "shop", 100, 10);
  Show(history, "2024-03-10", "home", 100, 55);
  Show(history, "2024-03-11", "shop", 900, 108);
  v1::QueryMetricRequest request = Query("click_through_rate", "2024-03-01", "2024-04-01");
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  request.add_group_by("touchpoint");
  const auto answer = history.Ask(request);
  RAPPORT_ASSERT_OK(answer);
  EXPECT_THAT(answer->context().notes(), Contains(HasSubstr("Simpson")));
  const auto query = history.Prepare(request);
  Evaluation evaluation(*query);
  for (const auto& [customer, events] : history.customers()) {
    CustomerInput input;
    input.events = events;
    evaluation.Customer(input);
  }
  const v1::ChangeExplanation why = ExplainDimension(*query, evaluation.table());
  EXPECT_TRUE(why.simpson());
  EXPECT_EQ(why.dimension(), "touchpoint");
  // 46 % before, 16.3 % after.
  EXPECT_NEAR(why.rate_effect() + why.mix_effect(), 16.3 - 46, 1e-9);
  EXPECT_GT(why.rate_effect(), 0);
}

TEST(Respond, MoneyIsConvertedAtTheDaysRate) {
  History history;
  history.AddAll(R"(
    a 2024-03-01T10:00 order_placed amount=100 cur=USD
    a 2024-03-10T10:00 order_placed amount=100 cur=USD
    b 2024-03-10T10:00 order_placed amount=1 cur=GBP
    b 2024-03-10T10:00 order_placed amount=7)");
  history.SetRates({{"USD", "2024-02-01", 900'000'000}, {"USD", "2024-03-05", 950'000'000}});
  const auto answer = history.Ask(Query("gross_revenue", "2024-03-01", "2024-04-01"));
  RAPPORT_ASSERT_OK(answer);
  EXPECT_DOUBLE_EQ(answer->total().whole().value(), 90 + 95 + 7);
  EXPECT_THAT(answer->context().notes(), Contains(HasSubstr("1 amounts in other currencies")));
}

TEST(Respond, DistributionsHaveQuantilesAndClasses) {
  History history;
  for (int i = 1; i <= 9; ++i) {
    history.Add(Cat("c 2024-03-01T00:00 ticket_opened ticket=", i));
    history.Add(Cat("c 2024-03-01T0", i, ":00 ticket_first_replied ticket=", i));
  }
  v1::QueryMetricRequest request = Query("first_response_time", "2024-03-01", "2024-04-01");
  request.set_statistic(v1::STATISTIC_MEDIAN);
  const auto answer = history.Ask(request);
  RAPPORT_ASSERT_OK(answer);
  const v1::MetricPoint& point = answer->total().whole();
  EXPECT_DOUBLE_EQ(point.value(), 5 * 3600);
  EXPECT_EQ(point.quantiles(2).quantile(), 0.9);
  EXPECT_DOUBLE_EQ(point.quantiles(2).value(), 8.2 * 3600);  // Type 7: 1 + .9 x 8.
  EXPECT_EQ(point.quantiles(2).relative_error(), 0);
  EXPECT_THAT(point.histogram(), ElementsAre(0, 3, 4, 2, 0));  // 0-1, 1-4, 4-8, 8-24, 24+ h.
  EXPECT_TRUE(point.has_interval());
}

TEST(Respond, BadQueriesNameFieldAndHint) {
  History history;
  history.Add("a 2024-03-01T10:00 order_placed amount=1");
  const auto fails = [&](v1::QueryMetricRequest request) { return history.Ask(request).status(); };
  v1::QueryMetricRequest request = Query("customers");
  request.add_group_by("channel");
  EXPECT_THAT(fails(request), FailsWith("UNSUPPORTED_DIMENSION", "group_by[0]"));
  EXPECT_THAT(std::string(fails(request).message()), HasSubstr("it takes stage, value_tier"));
  request = Query("orders");
  request.add_group_by("colour");
  EXPECT_THAT(fails(request), FailsWith("UNKNOWN_DIMENSION", "group_by[0]"));
  request = Query("orders");
  for (const char* by : {"channel", "channel"}) request.add_group_by(by);
  EXPECT_THAT(fails(request), FailsWith("DUPLICATE_DIMENSION", "group_by[1]"));
  for (const char* by : {"type", "stage"}) request.add_group_by(by);
  EXPECT_THAT(fails(request), FailsWith("TOO_MANY_DIMENSIONS", "group_by"));
  request = Query("orders");
  request.set_top(5);
  EXPECT_THAT(fails(request), FailsWith("NOTHING_TO_GROUP", "top"));
  request = Query("orders");
  request.set_statistic(v1::STATISTIC_P90);
  EXPECT_THAT(fails(request), FailsWith("NO_DISTRIBUTION", "statistic"));
  request = Query("customers");
  request.set_filter("channel = web");
  EXPECT_THAT(fails(request), FailsWith("UNSUPPORTED_FILTER", "filter"));
  request = Query("social_engagement_rate");
  EXPECT_THAT(fails(request), FailsWith("NO_REFERENCE_SERIES", "metric"));
  request = Query("clv_predicted", "", "", v1::GRANULARITY_MONTH);
  EXPECT_THAT(fails(request), FailsWith("AS_OF_NOW", "granularity"));
  request = Query("orders");
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  EXPECT_THAT(fails(request), FailsWith("DUPLICATE_COMPARISON", "compare[1]"));
}

TEST(Respond, TooManyGroupsAreRefusedWithAHint) {
  History history;
  for (int i = 0; i < 1001; ++i) {
    history.Add(Cat("a 2024-03-01T10:00 order_placed amount=1 touchpoint=t", i));
  }
  v1::QueryMetricRequest request = Query("orders");
  request.add_group_by("touchpoint");
  EXPECT_THAT(history.Ask(request), FailsWith("TOO_MANY_GROUPS", "group_by"));
  request.set_top(10);
  const auto answer = history.Ask(request);
  RAPPORT_ASSERT_OK(answer);
  EXPECT_EQ(answer->groups_size(), 11);
  EXPECT_EQ(answer->groups(10).whole().value(), 991);
}

}  // namespace
}  // namespace rapport::metrics

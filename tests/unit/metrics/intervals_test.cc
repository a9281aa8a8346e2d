// SPDX-License-Identifier: Apache-2.0
// Intervals and tests of the kinds whose value is more than a share, a score or a mean, by
// every plan. Expected values: the formulas of lib/math/totals.h over the customers one by
// one in Python, with tabulated quantiles of Student's t; Garwood's table.
#include "lib/metrics/intervals.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"
#include "tests/unit/metrics/naive_history.h"

namespace rapport::metrics {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Wanted {
  const char* metric;
  const char* events;
  const char* method;
  double low;
  double high;
};

// At the start 100, 50, 20, 80 and 40; at the end 130, 50, 0, 60 and 40; one is new.
constexpr char kSubscribers[] = R"(
  a 2024-02-01T00:00 subscription_started sub=1 mrr=100
  b 2024-02-01T00:00 subscription_started sub=2 mrr=50
  c 2024-02-01T00:00 subscription_started sub=3 mrr=20
  d 2024-02-01T00:00 subscription_started sub=4 mrr=80
  e 2024-02-01T00:00 subscription_started sub=5 mrr=40
  a 2024-03-05T00:00 subscription_upgraded sub=1 mrr=130
  c 2024-03-06T00:00 subscription_cancelled sub=3
  d 2024-03-07T00:00 subscription_downgraded sub=4 mrr=60
  f 2024-03-08T00:00 subscription_started sub=6 mrr=500)";
// Active on 2, 1, 1 and 5 days; 150, 30, 75 and 45 of money.
constexpr char kBuyers[] = R"(
  a 2024-03-01T10:00 order_placed amount=100
  a 2024-03-02T10:00 order_placed amount=50
  b 2024-03-02T10:00 order_placed amount=30
  c 2024-03-02T10:00 order_placed amount=75
  d 2024-03-02T10:00 order_placed amount=45
  d 2024-03-03T10:00 page_viewed
  d 2024-03-04T10:00 page_viewed
  d 2024-03-05T10:00 page_viewed
  d 2024-03-31T10:00 page_viewed)";
constexpr char kLikes[] = R"(
  a 2024-03-01T10:00 social_liked
  a 2024-03-02T10:00 social_shared
  b 2024-03-03T10:00 social_commented)";
constexpr char kBooks[] = R"(
  p 2024-01-10T10:00 subscription_started sub=1
  q 2024-01-10T10:00 order_placed amount=1
  r 2024-02-10T10:00 order_placed amount=1
  s 2024-02-29T23:59 order_placed amount=1
  p 2024-03-10T10:00 subscription_cancelled sub=1
  t 2024-03-11T10:00 order_placed amount=1
  u 2024-03-31T10:00 order_placed amount=1)";

constexpr Wanted kWanted[] = {
    {"net_revenue_retention", kSubscribers, "linearised", 51.21656405697381, 141.88688421888827},
    {"gross_revenue_retention", kSubscribers, "linearised", 59.003196195097885, 100},
    {"revenue_churn_rate", kSubscribers, "linearised", 0, 40.99680380490211},
    {"stickiness", kBuyers, "student t", 0, 16.974634883408626},
    {"clv_simple", kBuyers, "student t", 0, 1883.2595407708802},
    {"orders", kBuyers, "garwood", 1.6234863901, 11.6683320793},
    {"purchasing_customers", kBuyers, "garwood", 1.0898653736, 10.2415886754},
    {"session_count", kLikes, "garwood", 0.6186721229, 8.7672730697},
    {"social_engagement_rate", kLikes, "garwood", 100 * 0.6186721229 / 40, 100 * 8.7672730697 / 40},
    {"net_growth", kBooks, "skellam", -59.868930055712866, 109.86893005571287},
};

class IntervalTest : public ::testing::TestWithParam<Wanted> {};

TEST_P(IntervalTest, EveryPlanGivesIt) {
  const Wanted& wanted = GetParam();
  History history;
  history.AddAll(wanted.events);
  history.SetReference("followers", {{"2024-03-10", 40}});
  history.SetAsOf("2024-05-01T00:00");
  const auto request = Query(wanted.metric, "2024-03-01", "2024-04-01");
  for (const bool scan : {true, false}) {
    const auto answer = scan ? history.AskBy(Plan::kScan, request) : history.Ask(request);
    RAPPORT_ASSERT_OK(answer);
    const v1::Interval& interval = answer->total().whole().interval();
    EXPECT_EQ(interval.method(), wanted.method);
    EXPECT_EQ(interval.level(), 0.95);
    EXPECT_NEAR(interval.low(), wanted.low, 1e-6);
    EXPECT_NEAR(interval.high(), wanted.high, 1e-6);
    EXPECT_THAT(answer->context().notes(), Not(Contains(StartsWith("No interval"))));
  }
}

INSTANTIATE_TEST_SUITE_P(All, IntervalTest, ::testing::ValuesIn(kWanted),
                         [](const auto& test) { return std::string(test.param.metric); });

// Twelve customers of 10 to 21 come in March, and their orders of as much, less a refund.
History Newcomers() {
  History history;
  for (int i = 10; i < 22; ++i) {
    history.Add(Cat("c", i, " 2024-03-05T00:00 subscription_started sub=", i, " mrr=", i));
    history.Add(Cat("c", i, " 2024-03-06T00:00 order_placed amount=", i));
  }
  history.Add("c10 2024-03-07T00:00 order_refunded amount=5");
  return history;
}

TEST(Intervals, SumsOfMoneyAreCompoundPoisson) {
  History history = Newcomers();
  const auto interval = [&](const char* metric) {
    return history.Ask(Query(metric, "2024-03-01", "2024-04-01"))->total().whole().interval();
  };
  EXPECT_EQ(interval("mrr_new").method(), "compound");
  EXPECT_NEAR(interval("mrr_new").low(), 78.18416446819872, 1e-9);
  EXPECT_NEAR(interval("mrr_new").high(), 293.81583553180127, 1e-9);
  EXPECT_NEAR(interval("gross_revenue").low(), 78.18416446819872, 1e-9);
  EXPECT_NEAR(interval("revenue").low(), 72.73970782443928, 1e-9);
  EXPECT_NEAR(interval("revenue").high(), 289.2602921755607, 1e-9);
}

TEST(Intervals, WhereThereIsNoneANoteSaysWhy) {
  History history = Newcomers();
  const auto notes = [&](const char* metric) {
    return history.Ask(Query(metric, "2024-03-01", "2024-04-01"))->context().notes();
  };
  EXPECT_THAT(notes("mrr"), Contains(HasSubstr("No interval: the figure is counted in full")));
  EXPECT_THAT(notes("customers"), Contains(HasSubstr("counted in full")));
  EXPECT_THAT(notes("refunds"), Contains(HasSubstr("fewer than 10 amounts")));
  History alike;
  for (const char* name : {"a", "b"}) {
    alike.Add(Cat(name, " 2024-02-05T00:00 subscription_started mrr=10 sub=1"));
    alike.Add(Cat(name, " 2024-03-05T00:00 subscription_upgraded mrr=20 sub=1"));
  }
  const auto twice = alike.Ask(Query("net_revenue_retention", "2024-03-01", "2024-04-01"));
  EXPECT_EQ(twice->total().whole().value(), 200);
  EXPECT_THAT(twice->context().notes(), Contains(HasSubstr("too few or all alike")));
  history.Add("c10 2024-03-08T00:00 order_refunded amount=1");
  for (int i = 0; i < 20; ++i) history.Add(Cat("c10 2024-03-09T00:00 order_refunded amount=", i));
  EXPECT_THAT(notes("refund_rate"), Contains(HasSubstr("no part of the denominator")));
}

// Whatever is asked, a value has an interval or the answer says why not.
TEST(Intervals, NeverMissingInSilence) {
  History history;
  const naive::RawHistory raw =
      naive::RandomHistory({.seed = 51, .custom_type = history.CustomType("tasted")});
  for (const auto& [name, events] : raw.Now()) {
    history.SetFact(name, 2);
    for (const EventColumns& event : events) history.Add(name, event);
  }
  for (const char* series : {"followers", "reach", "impressions"}) {
    history.SetReference(series, {{"2024-03-01", 1000}});
  }
  int intervals = 0;
  for (const v1::MetricDefinition& definition : BuiltInDefinitions()) {
    for (v1::QueryMetricRequest request :
         {Query(definition.metric()), Query(definition.metric(), "2024-03-01", "2024-03-15")}) {
      const bool now = definition.kind() == v1::METRIC_KIND_FACT_MEAN;
      if (now && !request.start_date().empty()) continue;
      const auto answer = history.Ask(request);
      RAPPORT_ASSERT_OK(answer);
      const v1::MetricPoint& whole = answer->total().whole();
      const auto& notes = answer->context().notes();
      const bool told = std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
        return note.starts_with("No interval");
      });
      EXPECT_EQ(told, whole.has_value() && !whole.has_interval()) << definition.metric();
      if (!whole.has_interval()) continue;
      ++intervals;
      EXPECT_LE(whole.interval().low(), whole.value()) << definition.metric();
      EXPECT_GE(whole.interval().high(), whole.value()) << definition.metric();
    }
    EXPECT_NE(IntervalWords(definition), "") << definition.metric();
  }
  EXPECT_GT(intervals, 100);
}

v1::Difference SincePrevious(History& history, std::string_view metric) {
  v1::QueryMetricRequest request = Query(metric, "2024-03-01", "2024-04-01");
  request.add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  const auto answer = history.Ask(request);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer->compared(0).difference();
}

TEST(Changes, OfRevenueRatiosAreTested) {
  // 60 subscribers of 10 from January. In February one leaves, in March twenty do.
  History history;
  for (int i = 0; i < 100; ++i) {
    history.Add(Cat("c", i, " 2024-01-05T00:00 subscription_started mrr=10 sub=", i));
    const char* left = i == 0 ? "2024-02-09" : i <= 30 ? "2024-03-09" : "2024-04-09";
    history.Add(Cat("c", i, " ", left, "T00:00 subscription_cancelled sub=", i));
  }
  const v1::Difference difference = SincePrevious(history, "revenue_churn_rate");
  // 1 of 100 and 30 of 99; equal amounts: shares of customers.
  EXPECT_NEAR(difference.change(), 100 * (30.0 / 99 - 0.01), 1e-9);
  EXPECT_EQ(difference.method(), "intervals of both");
  EXPECT_LT(difference.p_value(), 1e-4);
  EXPECT_TRUE(difference.significant());
  const v1::Difference moves = SincePrevious(history, "mrr_churned");
  EXPECT_DOUBLE_EQ(moves.change(), 290);
  EXPECT_EQ(moves.method(), "fewer than 50 observations on one side");
  EXPECT_EQ(SincePrevious(history, "mrr").method(), "no test: a level, not a sample");
}

// Shows `count` of a hundred customers with an order in a month, each on `days` days.
void Act(History& history, const char* month, int count, int days) {
  for (int i = 0; i < count; ++i) {
    for (int day = 1; day <= days; ++day) {
      // Two customers in three stay a day longer.
      const int last = day < days || i % 3 != 0 ? day : days - 1;
      history.Add(Cat("c", i, " ", month, "-0", last, "T10:00 order_placed amount=", 10 + i % 7));
    }
  }
}

TEST(Changes, OfCustomersAreTested) {
  History history;
  Act(history, "2024-02", 60, 4);
  Act(history, "2024-03", 100, 8);
  const v1::Difference distinct = SincePrevious(history, "purchasing_customers");
  EXPECT_DOUBLE_EQ(distinct.change(), 40);
  // 100 of 160 at 1/2: twice the upper tail of the binomial, by whole numbers in Python.
  EXPECT_EQ(distinct.method(), "conditional binomial");
  EXPECT_NEAR(distinct.p_value(), 0.001953728034064342, 1e-12);
  EXPECT_EQ(SincePrevious(history, "stickiness").method(), "Welch t");
  EXPECT_TRUE(SincePrevious(history, "stickiness").significant());
  EXPECT_EQ(SincePrevious(history, "clv_simple").method(), "Welch t");
  EXPECT_EQ(SincePrevious(history, "revenue").method(), "compound Poisson z");
}

TEST(Changes, OfReferenceRatesAreTestedPerHead) {
  History history;
  for (int i = 0; i < 40; ++i) history.Add("a 2024-02-03T10:00 social_liked");
  for (int i = 0; i < 80; ++i) history.Add("a 2024-03-03T10:00 social_liked");
  history.SetReference("followers", {{"2024-02-01", 1000}, {"2024-03-02", 2000}});
  const v1::Difference difference = SincePrevious(history, "social_engagement_rate");
  EXPECT_NEAR(difference.change(), 0, 1e-12);
  EXPECT_EQ(difference.method(), "conditional binomial");
  EXPECT_GT(difference.p_value(), 0.9);  // Twice the likes of twice the followers.
}

}  // namespace
}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
// One golden case per built-in metric: raw events, and the value worked out by hand. Each is
// asked for in March 2024, UTC, by every plan that can answer it.
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"

namespace rapport::metrics {
namespace {

struct Golden {
  const char* metric;
  const char* events;
  double value;
  int64_t sample;
};

constexpr char kShop[] = R"(
  a 2024-03-02T10:00 order_placed amount=100
  a 2024-03-09T10:00 order_placed amount=50
  b 2024-03-09T11:00 booking_made amount=30
  b 2024-03-12T11:00 order_refunded amount=20
  c 2024-03-15T11:00 page_viewed)";
// Start 4 (p to s), new 2 (t, u), lost 1 (p cancels), end 5.
constexpr char kBooks[] = R"(
  p 2024-01-10T10:00 subscription_started sub=1
  q 2024-01-10T10:00 order_placed amount=1
  r 2024-02-10T10:00 order_placed amount=1
  s 2024-02-29T23:59 order_placed amount=1
  p 2024-03-10T10:00 subscription_cancelled sub=1
  t 2024-03-11T10:00 order_placed amount=1
  u 2024-03-31T10:00 order_placed amount=1)";
// At the start a 100, b 50, c 20; gone d had 10 until February. In March a + 30, b - 10, c
// leaves, d comes back with 15, e is new with 40.
constexpr char kSubscribers[] = R"(
  a 2024-01-01T00:00 subscription_started sub=1 mrr=100
  b 2024-01-01T00:00 subscription_started sub=2 mrr=50
  c 2024-01-01T00:00 subscription_started sub=3 mrr=20
  d 2024-01-01T00:00 subscription_started sub=4 mrr=10
  d 2024-02-01T00:00 subscription_cancelled sub=4
  a 2024-03-05T00:00 subscription_upgraded sub=1 mrr=130
  b 2024-03-05T00:00 subscription_downgraded sub=2 mrr=40
  c 2024-03-05T00:00 subscription_cancelled sub=3
  d 2024-03-05T00:00 subscription_started sub=5 mrr=15
  e 2024-03-05T00:00 subscription_started sub=6 mrr=40)";
constexpr char kMails[] = R"(
  a 2024-03-01T08:00 email_sent
  a 2024-03-01T08:01 email_delivered
  a 2024-03-01T09:00 email_opened
  a 2024-03-01T09:01 email_clicked
  b 2024-03-01T08:00 email_sent
  b 2024-03-01T08:01 email_delivered
  b 2024-03-01T09:00 email_opened
  c 2024-03-01T08:00 email_sent
  c 2024-03-01T08:01 email_delivered
  c 2024-03-02T08:01 email_unsubscribed
  d 2024-03-01T08:00 email_sent
  d 2024-03-01T08:00 email_delivered
  e 2024-03-01T08:00 email_sent
  e 2024-03-01T08:00 email_bounced)";
// Sessions of a: 10:00-10:20 (3 events), 11:00 (one view), of b: 12:00:00-12:00:05 (two
// views), and an order alone.
constexpr char kVisits[] = R"(
  a 2024-03-01T10:00 page_viewed
  a 2024-03-01T10:10 searched
  a 2024-03-01T10:20 page_viewed
  a 2024-03-01T11:00 page_viewed
  b 2024-03-02T12:00:00 page_viewed
  b 2024-03-02T12:00:05 product_viewed
  b 2024-03-03T12:00 order_placed amount=5)";
// Ticket 1: reply after 2 h, resolved after 26 h, reopened. 2: reply after 30 min, resolved
// after 1 h. 3: opened Friday 16:00, reply Monday 10:00. 4: nothing.
constexpr char kTickets[] = R"(
  a 2024-03-05T10:00 ticket_opened ticket=1
  a 2024-03-05T12:00 ticket_first_replied ticket=1
  a 2024-03-06T12:00 ticket_resolved ticket=1
  a 2024-03-07T12:00 ticket_reopened ticket=1
  b 2024-03-06T10:00 ticket_opened ticket=2
  b 2024-03-06T10:30 ticket_first_replied ticket=2
  b 2024-03-06T11:00 ticket_resolved ticket=2
  b 2024-03-08T16:00 ticket_opened ticket=3
  b 2024-03-11T10:00 ticket_first_replied ticket=3
  c 2024-03-12T10:00 ticket_opened ticket=4)";
constexpr char kAnswers[] = R"(
  a 2024-03-01T10:00 nps_answered score=10
  b 2024-03-01T10:00 nps_answered score=9
  c 2024-03-01T10:00 nps_answered score=8
  d 2024-03-01T10:00 nps_answered score=3
  d 2024-03-04T10:00 human_touch value=5000
  d 2024-03-20T10:00 nps_answered score=7
  e 2024-03-02T10:00 nps_answered score=6
  e 2024-03-12T10:00 ticket_first_replied ticket=9)";
constexpr char kSurveys[] = R"(
  a 2024-03-01T10:00 survey_sent
  b 2024-03-01T10:00 survey_sent
  c 2024-03-01T10:00 survey_sent
  d 2024-03-01T10:00 survey_sent
  a 2024-03-01T11:00 csat_answered score=5
  b 2024-03-01T11:00 csat_answered score=4
  c 2024-03-01T11:00 csat_answered score=2
  d 2024-03-01T11:00 survey_dismissed)";
constexpr char kCarts[] = R"(
  a 2024-03-01T10:00 cart_item_added price=5
  a 2024-03-01T10:05 cart_item_added price=6
  a 2024-03-01T10:10 checkout_started amount=11
  a 2024-03-01T10:12 order_placed amount=11
  a 2024-03-05T10:00 cart_item_added price=5
  b 2024-03-02T10:00 cart_item_added price=5
  b 2024-03-02T10:10 checkout_started amount=5
  b 2024-03-09T10:00 order_placed amount=5
  c 2024-03-03T10:00 cart_item_added price=5
  c 2024-03-10T10:01 order_placed amount=5)";
constexpr char kStarters[] = R"(
  a 2024-03-01T10:00 signed_up
  a 2024-03-02T10:00 onboarding_step_completed
  a 2024-03-30T10:00 order_placed amount=1
  b 2024-03-02T10:00 signed_up
  b 2024-03-03T10:00 onboarding_step_completed
  c 2024-03-03T10:00 signed_up
  d 2024-03-04T10:00 signed_up
  d 2024-03-05T10:00 signed_up)";
constexpr char kSocial[] = R"(
  a 2024-03-01T10:00 social_liked
  a 2024-03-02T10:00 social_shared
  b 2024-03-03T10:00 social_commented
  b 2024-04-03T10:00 social_commented)";
constexpr char kReferrals[] = R"(
  a 2024-03-01T10:00 referral_sent
  a 2024-03-01T10:01 referral_sent
  b 2024-03-01T10:00 page_viewed
  c 2024-03-01T10:00 page_viewed
  d 2024-03-01T10:00 page_viewed
  a 2024-03-08T10:00 referral_converted)";
constexpr char kReviews[] = R"(
  a 2024-03-01T10:00 review_written score=5
  b 2024-03-01T10:00 review_written score=2
  c 2024-03-01T10:00 ces_answered score=6
  d 2024-03-01T10:00 ces_answered score=3
  d 2024-03-01T10:00 complaint_made
  e 2024-03-01T10:00 compliment_made
  e 2024-03-01T10:05 session_ended seconds=60
  e 2024-03-02T10:05 session_ended seconds=30)";
constexpr char kClicks[] = R"(
  a 2024-03-01T10:00 campaign_shown
  a 2024-03-01T10:01 ad_clicked
  b 2024-03-01T10:00 campaign_shown
  c 2024-03-01T10:00 campaign_shown
  d 2024-03-01T10:00 campaign_shown)";

// March has 31 days.
constexpr Golden kGolden[] = {
    {"active_customers", kShop, 3, 3},
    {"arr", kSubscribers, 12 * 225.0, 4},
    {"average_order_value", kShop, 60, 3},
    {"bounce_rate", kVisits, 50, 4},           // The single view and the single order.
    {"bounce_rate_ga4", kVisits, 25, 4},       // Only the single view.
    {"cart_abandonment_rate", kCarts, 50, 4},  // a's second cart; c is 7 days and a minute.
    {"cart_conversion_rate", kCarts, 50, 4},
    {"ces", kReviews, 4.5, 2},
    {"checkout_conversion_rate", kCarts, 50, 2},
    {"churn_rate", kBooks, 25, 4},
    {"click_through_rate", kClicks, 25, 4},
    {"clv_historic", kShop, 60, 3},  // Facts 100, 50, 30, below.
    {"clv_predicted", kShop, 60, 3},
    // 60 x (3 orders / 2 customers) / (31 / 366 years): March lies in the year to March 2025.
    {"clv_simple", kShop, 60 * 1.5 / (31.0 / 365.0), 3},
    {"complaints", kReviews, 1, 1},
    {"compliments", kReviews, 1, 1},
    {"csat", kSurveys, 200.0 / 3, 3},
    {"customer_retention_rate", kBooks, 75, 4},  // (5 - 2) / 4.
    {"customers", kBooks, 5, 5},
    {"detractor_follow_up_rate", kAnswers, 50, 2},  // d after 3 days, e after 10.
    {"detractor_recovery_rate", kAnswers, 50, 2},   // d's 7.
    {"email_bounce_rate", kMails, 20, 5},
    {"email_click_rate", kMails, 25, 4},
    {"email_click_to_open_rate", kMails, 50, 2},
    {"email_delivery_rate", kMails, 80, 5},
    {"email_open_rate", kMails, 50, 4},
    {"email_unsubscribe_rate", kMails, 25, 4},
    {"engaged_session_rate", kVisits, 75, 4},
    // One order a half-life before the end of the bucket: 3 x 100 x .5 / 2.5 / 7.5 = 8.
    {"engagement_score", "a 2024-03-02T00:00 order_placed amount=1", 8, 1},
    {"first_response_time", kTickets, (7200 + 1800 + 66 * 3600) / 3.0, 3},
    // Friday 16-17 and Monday 9-10 are 2 h.
    {"first_response_time_business", kTickets, (7200 + 1800 + 7200) / 3.0, 3},
    {"gross_revenue", kShop, 180, 3},
    {"gross_revenue_retention", kSubscribers, 100 * 140.0 / 170.0, 3},
    {"mrr", kSubscribers, 225, 4},
    {"mrr_churned", kSubscribers, 20, 1},
    {"mrr_contraction", kSubscribers, 10, 1},
    {"mrr_expansion", kSubscribers, 30, 1},
    {"mrr_new", kSubscribers, 40, 1},
    {"mrr_reactivated", kSubscribers, 15, 1},
    {"net_growth", kBooks, 25, 4},
    {"net_revenue_retention", kSubscribers, 100.0, 3},
    {"nps", kAnswers, 0, 6},  // 2 promoters, 2 detractors.
    {"onboarding_completion_rate", kStarters, 50, 4},
    {"orders", kShop, 3, 3},
    {"purchase_frequency", kShop, 1.5, 2},
    {"purchasing_customers", kShop, 2, 2},
    {"referral_conversion_rate", kReferrals, 50, 2},
    {"referral_rate", kReferrals, 25, 4},
    {"referrals", kReferrals, 2, 2},
    {"refund_rate", kShop, 100.0 / 3, 3},
    {"refunds", kShop, 20, 1},
    {"repeat_purchase_rate", kShop, 50, 2},
    {"resolution_time", kTickets, (26 * 3600 + 3600) / 2.0, 2},
    // Tuesday 10-17 and Wednesday 9-12 are 10 h.
    {"resolution_time_business", kTickets, (10 * 3600 + 3600) / 2.0, 2},
    {"revenue", kShop, 160, 3},
    {"revenue_churn_rate", kSubscribers, 100 * 30.0 / 170.0, 3},
    {"review_rating", kReviews, 3.5, 2},
    {"reviews", kReviews, 2, 2},
    {"session_count", kVisits, 4, 4},
    {"session_duration", kVisits, (1200 + 0 + 5 + 0) / 4.0, 4},
    {"session_length", kReviews, 45, 2},  // Median of 30 and 60.
    {"sessions", kReviews, 2, 2},
    {"sign_up_conversion_rate", kStarters, 25, 4},
    {"sign_ups", kStarters, 5, 5},
    {"social_engagement_rate", kSocial, 7.5, 3},               // 3 / 40.
    {"social_engagement_rate_by_impressions", kSocial, 1, 3},  // 3 / (100 + 200).
    {"social_engagement_rate_by_reach", kSocial, 3, 3},        // 3 / 100.
    {"social_engagements", kSocial, 3, 3},
    {"stickiness", kShop, 100 * (4.0 / 31) / 3, 3},  // Days a 2, b 1, c 1.
    {"subscriptions_cancelled", kSubscribers, 1, 1},
    {"subscriptions_started", kSubscribers, 2, 2},
    {"survey_completion_rate", kSurveys, 75, 4},
    {"survey_dismissal_rate", kSurveys, 25, 4},
    {"survey_response_rate", kSurveys, 75, 4},
    {"ticket_reopen_rate", kTickets, 50, 2},
    {"ticket_resolution_rate", kTickets, 50, 4},
    {"tickets_opened", kTickets, 4, 4},
    {"tickets_reopened", kTickets, 1, 1},
    {"tickets_resolved", kTickets, 2, 2},
    {"time_on_platform", kReviews, 45, 2},
    {"time_on_platform_median", kReviews, 45, 2},
    {"time_on_platform_p90", kReviews, 57, 2},  // Of 30 and 60, type 7: 30 + .9 x 30.
};

History HistoryOf(const Golden& golden) {
  History history;
  history.AddAll(golden.events);
  history.SetFact("a", 100);
  history.SetFact("b", 50);
  history.SetFact("c", 30);
  history.SetReference("followers", {{"2024-02-01", 20}, {"2024-03-10", 40}, {"2024-04-01", 90}});
  history.SetReference("reach", {{"2024-02-29", 7}, {"2024-03-01", 60}, {"2024-03-31", 40}});
  history.SetReference("impressions", {{"2024-03-05", 100}, {"2024-03-06", 200}});
  history.SetAsOf("2024-05-01T00:00");
  return history;
}

void ExpectGolden(const Golden& golden, const v1::QueryMetricResponse& answer) {
  const v1::MetricPoint& point = answer.total().points(0);
  EXPECT_NEAR(point.value(), golden.value, 1e-9 * std::max(1.0, golden.value));
  EXPECT_TRUE(point.has_value());
  EXPECT_EQ(point.sample_size(), golden.sample);
}

class GoldenTest : public ::testing::TestWithParam<Golden> {};

TEST_P(GoldenTest, EveryPlanThatFitsGivesTheValue) {
  const Golden& golden = GetParam();
  History history = HistoryOf(golden);
  const bool facts = std::string_view(golden.metric).starts_with("clv_") &&
                     std::string_view(golden.metric) != "clv_simple";
  const auto request =
      facts ? Query(golden.metric) : Query(golden.metric, "2024-03-01", "2024-04-01");
  const auto scanned = history.AskBy(Plan::kScan, request);
  RAPPORT_ASSERT_OK(scanned);
  ExpectGolden(golden, *scanned);
  const auto chosen = history.Ask(request);
  RAPPORT_ASSERT_OK(chosen);
  ExpectGolden(golden, *chosen);
  EXPECT_EQ(scanned->total().DebugString(), chosen->total().DebugString());
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, ::testing::ValuesIn(kGolden),
                         [](const auto& test) { return std::string(test.param.metric); });

TEST(Golden, EveryMetricHasACase) {
  std::set<std::string> cases;
  for (const Golden& golden : kGolden) cases.insert(golden.metric);
  for (const v1::MetricDefinition& definition : BuiltInDefinitions()) {
    EXPECT_TRUE(cases.contains(definition.metric())) << definition.metric();
  }
  EXPECT_EQ(cases.size(), BuiltInDefinitions().size());
}

}  // namespace
}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
// Features and subscriptions as of a day, by hand; nothing later may show.
#include "lib/facts/signals.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "lib/facts/classifiers.h"
#include "lib/facts/retention_report.h"
#include "tests/unit/facts/events.h"

namespace rapport::facts {
namespace {

using predict::Feature;
using predict::FeatureVector;

constexpr int64_t kTicket = 77, kPlan = 5;

Timeline OneYear() {
  EventColumns discounted = Order("2024-03-10", 80);
  discounted.aux = 2 * 1000 + 200;  // Two items, a fifth off.
  return Sorted(
      {Order("2024-01-05", 100), Event("2024-02-01", v1::EVENT_TYPE_TICKET_OPENED, kTicket),
       Event("2024-02-03", v1::EVENT_TYPE_TICKET_RESOLVED, kTicket),
       Event("2024-02-20", v1::EVENT_TYPE_TICKET_OPENED, kTicket + 1), Nps("2024-02-10", 9),
       Nps("2024-04-10", 3), Event("2024-02-15", v1::EVENT_TYPE_CSAT_ANSWERED, 4, 5), discounted,
       Event("2024-03-12", v1::EVENT_TYPE_PAYMENT_FAILED),
       Event("2024-03-13", v1::EVENT_TYPE_COMPLAINT_MADE),
       Event("2024-03-14", v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED),
       Event("2024-03-15", v1::EVENT_TYPE_HUMAN_TOUCH, 15'000),
       Event("2024-03-16", v1::EVENT_TYPE_SESSION_ENDED, 60),
       Event("2024-03-16", v1::EVENT_TYPE_SESSION_ENDED, 60),
       Event("2024-01-10", v1::EVENT_TYPE_SUBSCRIPTION_STARTED, 10, kPlan),
       Event("2024-02-10", v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, 10, kPlan),
       Event("2024-05-01", v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, 10, kPlan),
       Refund("2024-03-20", 30)});
}

TEST(Features, ByHandAtACutoff) {
  const Settings settings = EuroSettings();
  const Fold fold = FoldEvents(settings, OneYear(), At("2024-06-01"));
  const FeatureVector f = FeaturesAt(fold, Day("2024-03-31"));
  EXPECT_EQ(f[Feature::kRecencyDays], 21);
  EXPECT_EQ(f[Feature::kOrders30], 1);
  EXPECT_EQ(f[Feature::kOrders90], 2);
  EXPECT_EQ(f[Feature::kRevenue90], 150);
  EXPECT_EQ(f[Feature::kMeanOrderValue], 75);
  EXPECT_EQ(f[Feature::kDiscountedShare], 0.5);
  EXPECT_EQ(f[Feature::kLastNps], 9) << "the answer of April is not known in March";
  EXPECT_EQ(f[Feature::kLastCsat], 0.75);
  EXPECT_EQ(f[Feature::kOpenTickets], 1);
  EXPECT_EQ(f[Feature::kTickets90], 2);
  EXPECT_EQ(f[Feature::kComplaints90], 1);
  EXPECT_EQ(f[Feature::kFailedPayments90], 1);
  EXPECT_EQ(f[Feature::kOptOuts], 1);
  EXPECT_EQ(f[Feature::kHumanTouches90], 1);
  EXPECT_EQ(f[Feature::kSessions30], 2);
  EXPECT_EQ(f[Feature::kDaysSinceSession], 15);
  EXPECT_EQ(f[Feature::kSubscription], 1) << "cancelled only in May";
  EXPECT_EQ(FeaturesAt(fold, Day("2024-05-01"))[Feature::kSubscription], 2);
  const FeatureVector before = FeaturesAt(fold, Day("2024-01-01"));
  EXPECT_TRUE(std::isnan(before[Feature::kRecencyDays]));
  EXPECT_TRUE(std::isnan(before[Feature::kLastNps]));
  EXPECT_EQ(before[Feature::kSubscription], 0);
}

// A fold that knows a year, read at a cutoff, says what a fold that ends there says.
TEST(Features, NothingLaterShows) {
  const Settings settings = EuroSettings();
  std::mt19937 random(11);
  const v1::EventType kTypes[] = {
      v1::EVENT_TYPE_ORDER_PLACED,         v1::EVENT_TYPE_ORDER_REFUNDED,
      v1::EVENT_TYPE_NPS_ANSWERED,         v1::EVENT_TYPE_CSAT_ANSWERED,
      v1::EVENT_TYPE_TICKET_OPENED,        v1::EVENT_TYPE_TICKET_RESOLVED,
      v1::EVENT_TYPE_COMPLAINT_MADE,       v1::EVENT_TYPE_PAYMENT_FAILED,
      v1::EVENT_TYPE_EMAIL_UNSUBSCRIBED,   v1::EVENT_TYPE_CONSENT_GIVEN,
      v1::EVENT_TYPE_HUMAN_TOUCH,          v1::EVENT_TYPE_SESSION_ENDED,
      v1::EVENT_TYPE_SUBSCRIPTION_STARTED, v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED};
  for (int customer = 0; customer < 200; ++customer) {
    Timeline events;
    for (int i = 0; i < 40; ++i) {
      const CivilDays day = Day("2024-01-01") + static_cast<int>(random() % 366);
      events.push_back(Event(FormatDate(day), kTypes[random() % std::size(kTypes)],
                             1 + static_cast<int>(random() % 5), 5));
    }
    events = Sorted(std::move(events));
    const CivilDays cutoff = Day("2024-01-01") + static_cast<int>(random() % 366);
    const Fold whole = FoldEvents(settings, events, At("2025-01-01"));
    const Fold known =
        FoldEvents(settings, events, int64_t{cutoff} * kMicrosPerDay + kMicrosPerDay - 1);
    const FeatureVector a = FeaturesAt(whole, cutoff);
    const FeatureVector b = FeaturesAt(known, cutoff);
    for (size_t i = 0; i < predict::kFeatureCount; ++i) {
      const bool same =
          a.values[i] == b.values[i] || (std::isnan(a.values[i]) && std::isnan(b.values[i]));
      ASSERT_TRUE(same) << predict::CustomerFeatures()[i].name << " customer " << customer;
    }
  }
}

TEST(Subscriptions, SpellsAsOfADay) {
  const Settings settings = EuroSettings();
  const Fold fold = FoldEvents(settings, OneYear(), At("2024-06-01"));
  const auto running = SpellsAt(fold, Day("2024-03-31"));
  ASSERT_EQ(running.size(), 1u);
  EXPECT_FALSE(running[0].ended);
  EXPECT_EQ(running[0].days, 81);  // 2024-01-10 to 03-31.
  const auto ended = SpellsAt(fold, Day("2024-05-01"));
  EXPECT_TRUE(ended[0].ended);
  EXPECT_EQ(ended[0].days, 112);
}

// sBG High End of value.md: 1,000 customers, shares still there after 0..7 renewals.
TEST(Retention, FitsTheSurvivorsOfACohort) {
  const Settings settings = EuroSettings();
  constexpr int kSurvivors[] = {1000, 869, 743, 653, 593, 551, 517, 491};
  RetentionSums sums;
  const CivilDays start = Day("2024-01-01");
  for (int customer = 0; customer < 1000; ++customer) {
    int made = 0;  // Renewals.
    while (made < 7 && customer < kSurvivors[made + 1]) ++made;
    Timeline events = {Event("2024-01-01", v1::EVENT_TYPE_SUBSCRIPTION_STARTED, 10, customer + 1)};
    if (made < 7) {
      events.push_back(Event(FormatDate(start + 30 * made + 29),
                             v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, 10, customer + 1));
    }
    sums.Add(settings, FoldEvents(settings, events, At("2024-08-01")), start + 7 * 30);
  }
  v1::ValueModel model;
  sums.Describe(settings, model);
  ASSERT_EQ(model.retention_size(), 2) << "all, and the month of January";
  const v1::RetentionFit& fit = model.retention(0);
  EXPECT_EQ(fit.subscription_count(), 1000);
  EXPECT_EQ(fit.ended_count(), 509);
  EXPECT_DOUBLE_EQ(fit.curve(7).observed(), 0.491);
  // BdW fits better than sBG here (LL -1605.314 against -1611.158 per 1,000).
  EXPECT_EQ(fit.model(), "bdw");
  EXPECT_NEAR(fit.log_likelihood(), -1605.3142132, 1e-5);
  const SubscriptionSpell fresh{start, 210, false};
  const auto churn = SubscriptionChurn(settings, model, fresh);
  ASSERT_TRUE(churn.has_value());
  const double by_curve = 1 - fit.curve(10).fitted() / fit.curve(7).fitted();
  EXPECT_NEAR(churn->estimate, by_curve, 1e-9) << "90 days are three periods";
}

}  // namespace
}  // namespace rapport::facts

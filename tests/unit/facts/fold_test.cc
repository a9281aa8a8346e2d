// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/facts/summary.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"

namespace rapport::facts {
namespace {

using ::rapport::testing::EqualsProto;
using ::testing::ElementsAre;

std::vector<CivilDays> Days(const google::protobuf::RepeatedField<int32_t>& deltas) {
  std::vector<CivilDays> days;
  CivilDays day = 0;
  for (const int32_t delta : deltas) days.push_back(day += delta);
  return days;
}

TEST(FoldEvents, SumsOrdersAndRefundsByCivilDay) {
  const Fold fold =
      FoldEvents(EuroSettings(),
                 Timeline{Order("2024-03-01T08:00:00Z", 10), Order("2024-03-01T20:00:00Z", 5),
                          Refund("2024-03-02", 3), Refund("2024-03-02", 1), Order("2024-03-05", 7)},
                 At("2024-04-01"));
  EXPECT_THAT(Days(fold.order_days()), ElementsAre(Day("2024-03-01"), Day("2024-03-05")));
  EXPECT_THAT(fold.order_micros(), ElementsAre(15'000'000, 7'000'000));
  EXPECT_THAT(fold.order_counts(), ElementsAre(2, 1));
  EXPECT_THAT(Days(fold.refund_days()), ElementsAre(Day("2024-03-02")));
  EXPECT_THAT(fold.refund_micros(), ElementsAre(4'000'000));
  EXPECT_THAT(Days(fold.active_days()), ElementsAre(Day("2024-03-01"), Day("2024-03-05")))
      << "a refund is no activity of the customer";
  EXPECT_THAT(Days(fold.membership_days()), ElementsAre(Day("2024-03-01"), Day("2025-03-05")));
  EXPECT_FALSE(fold.has_later_events());
}

TEST(FoldEvents, DaysAreThoseOfTheWorkspace) {
  v1::Workspace workspace;
  workspace.set_time_zone("America/New_York");
  const Settings settings = SettingsOf(workspace).value();
  // 03:00 UTC is still the evening before in New York.
  const Fold fold =
      FoldEvents(settings, Timeline{Order("2024-03-02T03:00:00Z", 1)}, At("2024-04-01"));
  EXPECT_THAT(Days(fold.order_days()), ElementsAre(Day("2024-03-01")));
}

TEST(FoldEvents, OtherCurrenciesArePurchasesWithoutValue) {
  EventColumns dollars = Order("2024-03-02", 9);
  dollars.currency = PackCurrency("USD").value();
  const Fold fold =
      FoldEvents(EuroSettings(), Timeline{Order("2024-03-01", 10), dollars}, At("2024-04-01"));
  EXPECT_THAT(fold.order_micros(), ElementsAre(10'000'000, 0));
  EXPECT_EQ(fold.foreign_currency_orders(), 1);
  ASSERT_EQ(fold.summary().net_revenue_size(), 2);
  EXPECT_EQ(fold.summary().net_revenue(0).currency(), "EUR");
  EXPECT_EQ(fold.summary().net_revenue(1).micros(), 9'000'000);
}

TEST(FoldEvents, LaterEventsAreLeftOutAndMarked) {
  const Fold fold = FoldEvents(
      EuroSettings(), Timeline{Order("2024-03-01", 10), Order("2024-05-01", 7)}, At("2024-04-01"));
  EXPECT_TRUE(fold.has_later_events());
  EXPECT_EQ(fold.summary().order_count(), 1);
  EXPECT_THAT(fold.order_micros(), ElementsAre(10'000'000));
}

TEST(FoldEvents, SummaryOfACustomer) {
  const Fold fold =
      FoldEvents(EuroSettings(),
                 Timeline{Event("2024-02-01T00:00:00Z", v1::EVENT_TYPE_PAGE_VIEWED),
                          Order("2024-02-02T00:00:00Z", 10), Nps("2024-02-03T00:00:00Z", 9),
                          Event("2024-02-04T00:00:00Z", v1::EVENT_TYPE_CSAT_ANSWERED, 4, 5),
                          Refund("2024-02-05T00:00:00Z", 4),
                          Event("2024-02-06T00:00:00Z", v1::EVENT_TYPE_TICKET_OPENED),
                          Event("2024-02-07T00:00:00Z", v1::EVENT_TYPE_SIGNED_UP)},
                 At("2024-04-01"));
  EXPECT_THAT(fold.summary(), EqualsProto(R"pb(
                first_event_time { seconds: 1706745600 }
                last_event_time { seconds: 1707264000 }
                event_count: 7
                order_count: 1
                first_order_time { seconds: 1706832000 }
                last_order_time { seconds: 1706832000 }
                net_revenue { micros: 6000000 currency: "EUR" }
                refunded { micros: 4000000 currency: "EUR" }
                last_nps {
                  score: 9
                  scale: 10
                  answer_time { seconds: 1706918400 }
                  answer_count: 1
                }
                last_csat {
                  score: 4
                  scale: 5
                  answer_time { seconds: 1707004800 }
                  answer_count: 1
                }
                ticket_count: 1
                engagement { cognitive: 1 emotional: 2 behavioural: 1 transactional: 2 }
              )pb"));
}

constexpr v1::EventType kTypes[] = {
    v1::EVENT_TYPE_ORDER_PLACED,         v1::EVENT_TYPE_ORDER_REFUNDED,
    v1::EVENT_TYPE_NPS_ANSWERED,         v1::EVENT_TYPE_CSAT_ANSWERED,
    v1::EVENT_TYPE_SUBSCRIPTION_STARTED, v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED,
    v1::EVENT_TYPE_PAGE_VIEWED,          v1::EVENT_TYPE_EMAIL_SENT};

Timeline RandomTimeline(std::mt19937& random, std::string_view from) {
  Timeline events;
  for (auto left = 1 + random() % 20; left > 0; --left) {
    EventColumns event = Event("2024-01-01", kTypes[random() % 8]);
    event.time = At(from) + static_cast<int64_t>(random() % 60) * kMicrosPerDay / 2;
    event.value = static_cast<int64_t>(1 + random() % 5);
    event.aux = event.type == v1::EVENT_TYPE_CSAT_ANSWERED ? 5 : 10;
    event.currency = random() % 4 == 0 ? PackCurrency("USD").value() : Euro();
    events.push_back(event);
  }
  return Sorted(events);
}

TEST(FoldProperty, EqualTimesInAnyOrderGiveEqualBytes) {
  const Settings settings = EuroSettings();
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random(seed);
    Timeline events = RandomTimeline(random, "2024-01-01");
    const TimeMicros as_of = At("2024-01-25");
    const std::string bytes = FoldEvents(settings, events, as_of).SerializeAsString();
    std::shuffle(events.begin(), events.end(), random);
    ASSERT_EQ(FoldEvents(settings, Sorted(events), as_of).SerializeAsString(), bytes)
        << "seed " << seed;
  }
}

TEST(FoldProperty, AFoldWithoutLaterEventsHoldsForLaterNights) {
  // What the incremental night relies on: kept folds project as fresh ones do.
  const Settings settings = EuroSettings();
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const Timeline events = RandomTimeline(random, "2024-01-01");
    const Fold kept = FoldEvents(settings, events, At("2024-03-01"));
    ASSERT_FALSE(kept.has_later_events());
    for (const char* night : {"2024-04-01", "2024-07-01", "2026-01-01"}) {
      const Fold fresh = FoldEvents(settings, events, At(night));
      ASSERT_EQ(kept.SerializeAsString(), fresh.SerializeAsString()) << "seed " << seed;
    }
  }
}

TEST(SummaryProperty, EventByEventAndMergedEqualAllAtOnce) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    const Timeline first = RandomTimeline(random, "2024-01-01");
    const Timeline second = RandomTimeline(random, "2024-01-10");
    SummarySums sums;
    v1::CustomerSummary one, two, merged;
    for (const EventColumns& event : first) {
      sums.Add(event);
      AddToSummary(event, one);
    }
    for (const EventColumns& event : second) {
      sums.Add(event);
      AddToSummary(event, two);
    }
    v1::CustomerSummary all;
    sums.WriteTo(all);
    merged = two;
    MergeSummary(one, merged);
    ASSERT_EQ(merged.SerializeAsString(), all.SerializeAsString()) << "seed " << seed;
    MergeSummary(two, one);
    ASSERT_EQ(one.SerializeAsString(), all.SerializeAsString()) << "seed " << seed;
  }
}

TEST(SettingsOf, DefaultsAndErrors) {
  const Settings settings = EuroSettings();
  EXPECT_EQ(settings.rules.churned_days(), 365);
  EXPECT_EQ(settings.value_horizon_days, 365);
  EXPECT_DOUBLE_EQ(settings.annual_discount_rate, 0.10);
  v1::Workspace workspace;
  workspace.set_time_zone("Mars/Olympus");
  EXPECT_FALSE(SettingsOf(workspace).ok());
  workspace.clear_time_zone();
  workspace.set_annual_discount_rate(0);
  EXPECT_DOUBLE_EQ(SettingsOf(workspace)->annual_discount_rate, 0);
}

}  // namespace
}  // namespace rapport::facts

// SPDX-License-Identifier: Apache-2.0
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"

namespace rapport::facts {
namespace {

Projection ProjectionOf(const Timeline& events, std::string_view as_of) {
  const Settings settings = EuroSettings();
  return Project(settings, FoldEvents(settings, events, At(as_of)), At(as_of));
}

TEST(Project, PurchasesAndRfm) {
  const Projection projection =
      ProjectionOf({Order("2024-01-10", 10), Order("2024-01-20", 30), Order("2024-01-20", 5),
                    Refund("2024-01-25", 4), Order("2024-02-09", 25)},
                   "2024-03-10");
  EXPECT_TRUE(projection.has_orders);
  EXPECT_EQ(projection.purchases.frequency, 2U);
  EXPECT_EQ(projection.purchases.recency_days, 30);
  EXPECT_EQ(projection.purchases.age_days, 60);
  EXPECT_EQ(projection.purchases.repeat_value_micros, 56'000'000) << "35 + 25 - 4";
  const v1::Rfm& rfm = projection.facts.rfm();
  EXPECT_EQ(rfm.recency_days(), 30);
  EXPECT_EQ(rfm.frequency(), 3);
  EXPECT_EQ(rfm.monetary().micros(), 66'000'000);
  EXPECT_EQ(rfm.monetary().currency(), "EUR");
  EXPECT_EQ(projection.facts.acquisition_cohort(), "2024-01-01");
}

TEST(Project, RefundOfTheFirstDayIsNotARepeatValue) {
  const Projection projection = ProjectionOf(
      {Order("2024-01-10", 10), Refund("2024-01-10", 4), Order("2024-01-20", 30)}, "2024-03-10");
  EXPECT_EQ(projection.purchases.repeat_value_micros, 30'000'000);
  EXPECT_EQ(projection.facts.rfm().monetary().micros(), 36'000'000);
}

TEST(Project, WithoutOrdersThereIsNoRfm) {
  const Projection projection =
      ProjectionOf({Event("2024-01-10", v1::EVENT_TYPE_PAGE_VIEWED)}, "2024-03-10");
  EXPECT_FALSE(projection.has_orders);
  EXPECT_FALSE(projection.facts.has_rfm());
  EXPECT_EQ(projection.facts.acquisition_cohort(), "");
  EXPECT_EQ(projection.facts.lifecycle().stage(), v1::LIFECYCLE_STAGE_PROSPECT);
}

TEST(Project, LifecycleAtAsOf) {
  const Timeline events = {Order("2024-01-10T12:00:00Z", 10)};
  const auto stage = [&](std::string_view as_of) {
    return ProjectionOf(events, as_of).facts.lifecycle();
  };
  EXPECT_EQ(stage("2024-01-20").stage(), v1::LIFECYCLE_STAGE_NEW);
  EXPECT_EQ(stage("2024-02-20").stage(), v1::LIFECYCLE_STAGE_ACTIVE);
  const v1::Lifecycle risk = stage("2024-06-01");
  EXPECT_EQ(risk.stage(), v1::LIFECYCLE_STAGE_AT_RISK);
  EXPECT_EQ(risk.previous_stage(), v1::LIFECYCLE_STAGE_ACTIVE);
  EXPECT_EQ(risk.cause(), "no activity for 90 days (rule 5)");
  EXPECT_EQ(risk.since().seconds(), At("2024-04-09T12:00:00Z") / kMicrosPerSecond);
}

TEST(TransitionsOf, OldestFirstUpToAsOf) {
  const Settings settings = EuroSettings();
  const Fold fold = FoldEvents(settings, Timeline{Order("2024-01-10", 10)}, At("2024-01-11"));
  const auto transitions = TransitionsOf(fold, At("2024-03-01"));
  ASSERT_EQ(transitions.size(), 2U);
  EXPECT_EQ(transitions[0].from_stage(), v1::LIFECYCLE_STAGE_UNSPECIFIED);
  EXPECT_EQ(transitions[0].to_stage(), v1::LIFECYCLE_STAGE_NEW);
  EXPECT_EQ(transitions[1].from_stage(), v1::LIFECYCLE_STAGE_NEW);
  EXPECT_EQ(transitions[1].to_stage(), v1::LIFECYCLE_STAGE_ACTIVE);
}

TEST(HistoryAt, SeesOnlyWhatWasKnownThatDay) {
  const Settings settings = EuroSettings();
  const Fold fold = FoldEvents(
      settings, Timeline{Order("2024-01-10", 10), Order("2024-01-20", 30), Order("2024-02-09", 25)},
      At("2024-03-10"));
  const value::PurchaseHistory history = HistoryAt(settings, fold, Day("2024-01-31"));
  EXPECT_EQ(history.frequency, 1U);
  EXPECT_EQ(history.recency_days, 10);
  EXPECT_EQ(history.age_days, 21);
  EXPECT_EQ(history.repeat_value_micros, 30'000'000);
  EXPECT_EQ(PurchaseDaysAfter(fold, Day("2024-01-31")), 1U);
  EXPECT_LT(HistoryAt(settings, fold, Day("2024-01-09")).age_days, 0);
}

}  // namespace
}  // namespace rapport::facts

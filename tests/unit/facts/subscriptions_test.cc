// SPDX-License-Identifier: Apache-2.0
// What subscriptions have paid and will: expected numbers by hand from the formulas of
// lib/facts/subscriptions.h with the shifted-beta-geometric's S(t), a product of
// (beta + i) / (alpha + beta + i), and DERL by summing it.
#include "lib/facts/subscriptions.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/facts/explain_subscriptions.h"
#include "lib/facts/subscription_equity.h"
#include "lib/facts/what_if_value.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/stored_model.h"

namespace rapport::facts {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr double kUnit = 1e6;
// value.md: sBG High End after 7 renewals.
constexpr double kAlpha = .668088, kBeta = 3.806095;

EventColumns Of(std::string_view time, v1::EventType type, int64_t units, int64_t id,
                CurrencyCode currency = Euro()) {
  EventColumns event = Event(time, type, units * kMicrosPerUnit, id);
  event.currency = currency;
  return event;
}
EventColumns Start(std::string_view time, int64_t units, int64_t id = 1) {
  return Of(time, v1::EVENT_TYPE_SUBSCRIPTION_STARTED, units, id);
}
EventColumns Cancel(std::string_view time, int64_t id = 1) {
  return Event(time, v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, 0, id);
}

// Parameters of `all`, and of more cohorts; errors of the logarithms .1 and .2.
void AddRetention(const std::string& cohort, double alpha, double beta, WorkspaceModel& model) {
  v1::RetentionFit& fit = *model.mutable_value_model()->add_retention();
  fit.set_cohort(cohort);
  fit.set_model("sbg");
  fit.set_usable(true);
  fit.set_period_days(30);
  SetParameters({{"alpha", alpha}, {"beta", beta}}, *fit.mutable_parameters());
  for (const double number : {.01, .0, .0, .04}) fit.add_covariance(number);
}
WorkspaceModel RetentionOnly() {
  WorkspaceModel model;
  AddRetention("all", kAlpha, kBeta, model);
  return model;
}

// A fold and what is said of it at noon of `as_of`.
Projection ProjectionOf(const Timeline& events, std::string_view as_of,
                        const Settings& settings = EuroSettings()) {
  const Fold fold = FoldEvents(settings, Sorted(events), At(as_of));
  Projection projection = Project(settings, fold, At(as_of));
  AddSignals(settings, fold, At(as_of), projection);
  return projection;
}

// S(n + k) / S(n) for k = 1, 2, ...: each step multiplies (beta + i) / (alpha + beta + i).
double StillThere(double alpha, double beta, int n, int k) {
  double share = 1;
  for (int i = n; i < n + k; ++i) share *= (beta + i) / (alpha + beta + i);
  return share;
}

struct MoneyCase {
  const char* what;
  Timeline events;
  double monthly;   // EUR at 2024-07-01.
  double payments;  // Paid, in EUR of monthly revenue: each payment is that x 12 x 30 / 365.
  bool foreign = false;
};

std::vector<MoneyCase> MoneyCases() {
  const CurrencyCode dollar = PackCurrency("USD").value();
  const auto of = [](std::string_view time, v1::EventType type, int64_t units) {
    return Of(time, type, units, 1);
  };
  return {
      // 2024-01-01 to 07-01 are 182 days: paid on day 0, 30, ..., 180.
      {"runs at one price", {Start("2024-01-01", 10)}, 10, 70},
      {"renewals tell no other price",
       {Start("2024-01-01", 10), Event("2024-02-01", v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, 0, 1)},
       10,
       70},
      // From day 60 (03-01) on: payments of days 60, 90, 120, 150, 180 are 20.
      {"upgraded",
       {Start("2024-01-01", 10), of("2024-03-01", v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED, 20)},
       20,
       120},
      // From day 61 on: the payment of day 60 was still 20.
      {"downgraded a day later",
       {Start("2024-01-01", 20), of("2024-03-02", v1::EVENT_TYPE_SUBSCRIPTION_DOWNGRADED, 5)},
       5,
       80},
      {"a free month, then paid",
       {Start("2024-01-01", 0), of("2024-01-31", v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, 10)},
       10,
       60},
      // 2024-03-31 is day 90: the renewal due that day is not paid.
      {"cancelled on the day it was due", {Start("2024-01-01", 10), Cancel("2024-03-31")}, 10, 30},
      {"cancelled the day after", {Start("2024-01-01", 10), Cancel("2024-04-01")}, 10, 40},
      {"cancelled on its first day",
       {Start("2024-01-01", 10), Cancel("2024-01-01T13:00:00Z")},
       10,
       10},
      {"told by a renewal first",
       {of("2024-06-01", v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, 10)},
       10,
       20},
      {"no amount: payments are orders",
       {Event("2024-01-01", v1::EVENT_TYPE_SUBSCRIPTION_STARTED, 0, 1)},
       0,
       0},
      {"in dollars",
       {Of("2024-01-01", v1::EVENT_TYPE_SUBSCRIPTION_STARTED, 10, 1, dollar)},
       0,
       0,
       true},
  };
}

TEST(Subscriptions, MoneyFollowsTheEvents) {
  for (const MoneyCase& c : MoneyCases()) {
    SCOPED_TRACE(c.what);
    const Projection projection = ProjectionOf(c.events, "2024-07-01");
    ASSERT_EQ(projection.subscriptions.size(), 1u);
    const Subscription& one = projection.subscriptions[0];
    EXPECT_EQ(static_cast<double>(one.monthly), c.monthly * kUnit);
    EXPECT_NEAR(static_cast<double>(one.paid), c.payments * kUnit * 12 * 30 / 365, 5);
    EXPECT_EQ(one.foreign, c.foreign);
  }
}

TEST(Subscriptions, AnUpgradeOfAnUnknownSubscriptionStartsNone) {
  const Timeline events = {Of("2024-01-01", v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED, 10, 7)};
  EXPECT_TRUE(ProjectionOf(events, "2024-02-01").subscriptions.empty());
}

TEST(Subscriptions, EventsOfOneInstantCountInAnyOrder) {
  Timeline events = {
      Start("2024-01-01", 10), Of("2024-02-01", v1::EVENT_TYPE_SUBSCRIPTION_RENEWED, 12, 1),
      Of("2024-02-01", v1::EVENT_TYPE_SUBSCRIPTION_UPGRADED, 30, 1), Start("2024-02-01", 5, 2)};
  const std::string once = FoldEvents(EuroSettings(), events, At("2024-03-01")).SerializeAsString();
  std::swap(events[1], events[3]);
  EXPECT_EQ(FoldEvents(EuroSettings(), events, At("2024-03-01")).SerializeAsString(), once);
  EXPECT_EQ(ProjectionOf(events, "2024-03-01").subscriptions[0].monthly, 30 * kMicrosPerUnit);
}

// Started 2024-01-01, as of 2024-07-19: day 200, 6 renewals made, the 7th in 10 days.
TEST(SubscriptionValue, IsDiscountedRenewalsTimesPaymentTimesMargin) {
  Settings settings = EuroSettings();
  settings.margin = 0.8;
  settings.value_horizon_days = 100;  // Renewals in 10, 40, 70, 100 days.
  Projection projection = ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19", settings);
  Score(settings, RetentionOnly(), projection);
  ASSERT_TRUE(projection.facts.has_value());
  const v1::CustomerValue& value = projection.facts.value();
  const v1::SubscriptionValue& part = value.subscription();
  const double payment = 50 * 12 * 30 / 365.;
  double expected = 0, discounted = 0, second = 0, sum = 0;
  for (int k = 1; k <= 4; ++k) {
    const double there = StillThere(kAlpha, kBeta, 6, k);
    const double weight = std::pow(1.1, -(10 + 30 * (k - 1)) / 365.);
    expected += there;
    discounted += weight * there;
    second += there * weight * (weight + 2 * sum);
    sum += weight;
  }
  EXPECT_NEAR(part.expected_renewals(), expected, 1e-12);
  EXPECT_NEAR(static_cast<double>(part.predicted().micros()), discounted * payment * .8 * kUnit, 1);
  EXPECT_EQ(value.predicted().micros(), part.predicted().micros());
  EXPECT_EQ(part.monthly_recurring_revenue().micros(), 50 * kMicrosPerUnit);
  EXPECT_NEAR(static_cast<double>(value.historic().micros()), 7 * payment * kUnit, 4);
  EXPECT_EQ(value.p_alive(), 1);
  EXPECT_EQ(value.horizon_days(), 100);
  // DERL(6) by its sum, from the 10 days on: the tail falls as k^-(1 + alpha) v^k.
  double derl = 0;
  for (int k = 1; k <= 20000; ++k) {
    derl +=
        StillThere(kAlpha, kBeta, 6, 1) *
        (k == 1 ? 1
                : std::exp(std::lgamma(kBeta + 6 + k) - std::lgamma(kBeta + 7) +
                           std::lgamma(kAlpha + kBeta + 7) - std::lgamma(kAlpha + kBeta + 6 + k))) *
        std::pow(1.1, -30 * (k - 1) / 365.);
  }
  const double residual = std::pow(1.1, -10 / 365.) * derl * payment * .8;
  EXPECT_NEAR(static_cast<double>(value.residual().micros()), residual * kUnit, 20);
  // Own future: P(at most 3 renewals) = 1 - .89 is the first to reach 10 %.
  ASSERT_GT(1 - StillThere(kAlpha, kBeta, 6, 2), .1);
  ASSERT_LT(1 - StillThere(kAlpha, kBeta, 6, 1), .1);
  EXPECT_NEAR(part.predicted_interval().low(), std::pow(1.1, -10 / 365.) * payment * .8, 1e-9);
  EXPECT_NEAR(part.predicted_interval().high(), sum * payment * .8, 1e-9);
  EXPECT_LT(part.mean_interval().low(), discounted * payment * .8);
  EXPECT_GT(part.mean_interval().high(), discounted * payment * .8);
  EXPECT_EQ(part.mean_interval().level(), .8);
  // Churn: 90 days are three renewals.
  EXPECT_EQ(value.churn().basis(), v1::CHURN_BASIS_SUBSCRIPTION_MODEL);
  EXPECT_NEAR(value.churn().probability(), 1 - StillThere(kAlpha, kBeta, 6, 3), 1e-12);
  EXPECT_LT(value.churn().interval().low(), value.churn().probability());
  EXPECT_GT(value.churn().interval().high(), value.churn().probability());
  // The variance that equity sums up.
  SubscriptionScorer scorer(settings, RetentionOnly().value_model());
  const SubscriptionFuture& future = *scorer.FutureOf(projection.subscriptions[0].spell);
  EXPECT_NEAR(future.variance, second - discounted * discounted, 1e-12);
}

// The error of the log value by hand: slopes in log alpha and log beta, differences.
TEST(SubscriptionValue, ParameterRangeIsTheDeltaMethod) {
  const Settings settings = EuroSettings();
  Projection projection = ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19", settings);
  Score(settings, RetentionOnly(), projection);
  const v1::SubscriptionValue& part = projection.facts.value().subscription();
  const auto log_value = [](double alpha, double beta) {
    double sum = 0;
    for (int k = 1; k <= 12; ++k) {  // 10 + 30 * 11 = 340 <= 365.
      sum += StillThere(alpha, beta, 6, k) * std::pow(1.1, -(10 + 30 * (k - 1)) / 365.);
    }
    return std::log(sum);
  };
  const double h = 1e-5;
  const double by_alpha =
      (log_value(kAlpha * std::exp(h), kBeta) - log_value(kAlpha * std::exp(-h), kBeta)) / (2 * h);
  const double by_beta =
      (log_value(kAlpha, kBeta * std::exp(h)) - log_value(kAlpha, kBeta * std::exp(-h))) / (2 * h);
  const double error = std::sqrt(.01 * by_alpha * by_alpha + .04 * by_beta * by_beta);
  const double factor = std::exp(1.2815515655446004 * error);  // z of 80 %.
  const double predicted = static_cast<double>(part.predicted().micros()) / kUnit;
  EXPECT_NEAR(part.mean_interval().low(), predicted / factor, 1e-5);
  EXPECT_NEAR(part.mean_interval().high(), predicted * factor, 1e-5);
}

TEST(SubscriptionValue, OwnCohortGoesBeforeAll) {
  WorkspaceModel model = RetentionOnly();
  AddRetention("2024-01", 2, 8, model);
  Projection january = ProjectionOf({Start("2024-01-01", 50)}, "2024-03-01");
  Projection february = ProjectionOf({Start("2024-02-01", 50)}, "2024-03-01");
  Score(EuroSettings(), model, january);
  Score(EuroSettings(), model, february);
  EXPECT_EQ(january.facts.value().subscription().running(0).cohort(), "2024-01");
  EXPECT_EQ(february.facts.value().subscription().running(0).cohort(), "all");
  // Day 60: two renewals made; three more within 90 days.
  EXPECT_NEAR(january.facts.value().churn().probability(), 1 - StillThere(2, 8, 2, 3), 1e-12);
}

TEST(SubscriptionValue, SeveralAddUpAndAllMustEndToLeave) {
  const Settings settings = EuroSettings();
  const WorkspaceModel model = RetentionOnly();
  Projection first = ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19");
  Projection second = ProjectionOf({Start("2024-05-20", 20, 2)}, "2024-07-19");
  Projection both = ProjectionOf({Start("2024-01-01", 50), Start("2024-05-20", 20, 2),
                                  Start("2024-02-01", 90, 3), Cancel("2024-03-15", 3)},
                                 "2024-07-19");
  for (Projection* one : {&first, &second, &both}) Score(settings, model, *one);
  const v1::SubscriptionValue& a = first.facts.value().subscription();
  const v1::SubscriptionValue& b = second.facts.value().subscription();
  const v1::SubscriptionValue& sum = both.facts.value().subscription();
  EXPECT_EQ(sum.running_count(), 2);
  EXPECT_EQ(sum.ended_count(), 1);
  EXPECT_EQ(sum.monthly_recurring_revenue().micros(), 70 * kMicrosPerUnit);
  EXPECT_NEAR(static_cast<double>(sum.predicted().micros()),
              static_cast<double>(a.predicted().micros() + b.predicted().micros()), 1);
  // The ended one paid on its days 0 and 30.
  EXPECT_NEAR(static_cast<double>(sum.historic().micros()),
              static_cast<double>(a.historic().micros() + b.historic().micros()) +
                  2 * 90 * 12 * 30 / 365. * kUnit,
              4);
  EXPECT_NEAR(
      both.facts.value().churn().probability(),
      first.facts.value().churn().probability() * second.facts.value().churn().probability(),
      1e-12);
  // One fit: its error moves both the same way, so relative ranges are alike or between.
  EXPECT_LT(
      sum.mean_interval().high() / (static_cast<double>(sum.predicted().micros()) / kUnit),
      std::max(a.mean_interval().high() / (static_cast<double>(a.predicted().micros()) / kUnit),
               b.mean_interval().high() / (static_cast<double>(b.predicted().micros()) / kUnit)));
}

TEST(SubscriptionValue, EndedIsWorthNothingMore) {
  Projection projection =
      ProjectionOf({Start("2024-01-01", 50), Cancel("2024-04-15")}, "2024-07-19");
  Score(EuroSettings(), RetentionOnly(), projection);
  const v1::CustomerValue& value = projection.facts.value();
  EXPECT_EQ(value.predicted().micros(), 0);
  EXPECT_TRUE(value.has_residual());
  EXPECT_EQ(value.residual().micros(), 0);
  EXPECT_EQ(value.p_alive(), 0);
  EXPECT_FALSE(value.has_churn());
  EXPECT_NEAR(static_cast<double>(value.historic().micros()), 4 * 50 * 12 * 30 / 365. * kUnit, 4);
}

TEST(SubscriptionValue, WithoutAUsableFitOnlyTheValueToDate) {
  WorkspaceModel model = RetentionOnly();
  model.mutable_value_model()->mutable_retention(0)->set_usable(false);
  Projection projection = ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19");
  Score(EuroSettings(), model, projection);
  const v1::CustomerValue& value = projection.facts.value();
  EXPECT_FALSE(value.has_predicted());
  EXPECT_GT(value.historic().micros(), 0);
  EXPECT_THAT(value.notes(), Contains(HasSubstr("No retention model is usable yet")));
  EXPECT_FALSE(value.has_churn());
}

TEST(SubscriptionValue, NeitherOrderNorSubscriptionHasNone) {
  Projection projection = ProjectionOf({Nps("2024-01-01", 9)}, "2024-07-19");
  Score(EuroSettings(), RetentionOnly(), projection);
  EXPECT_FALSE(projection.facts.has_value());
}

// Orders and a subscription: the parts add up, and nothing of the orders' part changes.
TEST(SubscriptionValue, AddsToOrders) {
  const Settings settings = EuroSettings();
  WorkspaceModel model = CdnowModel();
  AddRetention("all", kAlpha, kBeta, model);
  const Timeline orders = {Order("2024-01-10", 30), Order("2024-03-01", 40),
                           Order("2024-06-20", 35)};
  Timeline with = orders;
  with.push_back(Start("2024-01-01", 50));
  Projection buys = ProjectionOf(orders, "2024-07-19"), both = ProjectionOf(with, "2024-07-19");
  Score(settings, model, buys);
  Score(settings, model, both);
  const v1::CustomerValue &a = buys.facts.value(), &b = both.facts.value();
  const v1::SubscriptionValue& part = b.subscription();
  EXPECT_FALSE(a.has_subscription());
  EXPECT_NEAR(static_cast<double>(b.predicted().micros()),
              static_cast<double>(a.predicted().micros() + part.predicted().micros()), 1);
  EXPECT_NEAR(static_cast<double>(b.residual().micros()),
              static_cast<double>(a.residual().micros() + part.residual().micros()), 1);
  EXPECT_EQ(b.historic().micros(), a.historic().micros() + part.historic().micros());
  EXPECT_EQ(b.p_alive(), a.p_alive());
  EXPECT_EQ(b.expected_purchases(), a.expected_purchases());
  // Distances from the mean add up in squares.
  const double mean_a = static_cast<double>(a.predicted().micros()) / kUnit;
  const double mean_b = static_cast<double>(part.predicted().micros()) / kUnit;
  const double up =
      std::hypot(a.mean_interval().high() - mean_a, part.mean_interval().high() - mean_b);
  EXPECT_NEAR(b.mean_interval().high(), mean_a + mean_b + up, 1e-5);
  EXPECT_EQ(a.churn().basis(), v1::CHURN_BASIS_PURCHASE_MODEL);
  EXPECT_EQ(b.churn().basis(), v1::CHURN_BASIS_SUBSCRIPTION_MODEL);
  // The cuts of deciles see the same micros.
  Scorer scorer(settings, model);
  EXPECT_EQ(scorer.PredictedMicros(both.purchases, both.facts.acquisition_channel(), {},
                                   both.subscriptions),
            b.predicted().micros());
}

TEST(SubscriptionValue, AnotherHorizonIsComputed) {
  const WorkspaceModel model = RetentionOnly();
  const Projection projection = ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::CustomerValue days,
                               ValueOver(EuroSettings(), model, projection, 9));
  EXPECT_EQ(days.predicted().micros(), 0) << "the next renewal is 10 days off";
  RAPPORT_ASSERT_OK_AND_ASSIGN(const v1::CustomerValue ten,
                               ValueOver(EuroSettings(), model, projection, 10));
  EXPECT_NEAR(
      static_cast<double>(ten.predicted().micros()),
      StillThere(kAlpha, kBeta, 6, 1) * std::pow(1.1, -10 / 365.) * 50 * 12 * 30 / 365. * kUnit, 1);
}

TEST(SubscriptionValue, ReportSumsSubscribers) {
  const Settings settings = EuroSettings();
  WorkspaceModel model = CdnowModel();
  AddRetention("all", kAlpha, kBeta, model);
  std::vector<Projection> base = {
      ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19"),
      ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19"),
      ProjectionOf({Order("2024-01-10", 30), Order("2024-03-01", 40)}, "2024-07-19"),
      ProjectionOf({Start("2024-01-01", 50), Cancel("2024-04-15")}, "2024-07-19")};
  Scorer scorer(settings, model);
  ValueTotals once(model), first(model), second(model);
  int64_t equity = 0, of_subscriptions = 0;
  for (size_t i = 0; i < base.size(); ++i) {
    const ScoredValue scored = scorer.Score(base[i]);
    once.Add(base[i].facts, scored);
    (i % 2 == 0 ? first : second).Add(base[i].facts, scored);
    equity += base[i].facts.value().predicted().micros();
    of_subscriptions += base[i].facts.value().subscription().predicted().micros();
  }
  const v1::ValueReport report = once.Finish(settings);
  EXPECT_EQ(report.customer_equity().micros(), equity);
  EXPECT_EQ(report.subscription_equity().micros(), of_subscriptions);
  EXPECT_EQ(report.subscriber_count(), 2);
  EXPECT_EQ(report.customer_count(), 4);
  EXPECT_EQ(report.monthly_recurring_revenue().micros(), 100 * kMicrosPerUnit);
  first.Merge(second);
  EXPECT_EQ(first.Finish(settings).SerializeAsString(), report.SerializeAsString());
  // Two alike: one fit's error is twice one's, own errors grow as the root.
  SubscriptionScorer subscriptions(settings, model.value_model());
  v1::SubscriptionValue ignored;
  SubscriptionSums one, two;
  for (int i = 0; i < 2; ++i) {
    subscriptions.Score(base[0].subscriptions, ignored);
    if (i == 0) one.Add(subscriptions.parts());
    two.Add(subscriptions.parts());
  }
  const SubscriptionEquity a = one.Result(subscriptions.fits()),
                           b = two.Result(subscriptions.fits());
  EXPECT_NEAR(b.total, 2 * a.total, 1e-6);
  EXPECT_NEAR(b.parameter_error, 2 * a.parameter_error, 1e-6);
  EXPECT_NEAR(b.own_error, std::sqrt(2) * a.own_error, 1e-6);
  bool named = false;
  for (const v1::ValueSegment& cohort : report.by_cohort()) {
    if (cohort.segment() == "no_order") named = cohort.customer_count() == 3;
  }
  EXPECT_TRUE(named);
}

class SubscriptionWhatIf : public ::testing::Test {
 protected:
  static v1::AskWhatIfResponse Ask(const WorkspaceModel& model, const std::vector<Projection>& base,
                                   const v1::AskWhatIfRequest& request) {
    auto totals = WhatIfTotals::Create(EuroSettings(), &model, request).value();
    for (const Projection& one : base) RAPPORT_EXPECT_OK(totals.Add(one.facts));
    return totals.Finish().value();
  }
  static std::vector<Projection> Scored(const WorkspaceModel& model) {
    std::vector<Projection> base = {
        ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19"),
        ProjectionOf({Order("2024-01-10", 30), Order("2024-03-01", 40), Start("2024-03-01", 20)},
                     "2024-07-19"),
        ProjectionOf({Order("2024-01-10", 30), Order("2024-05-01", 10)}, "2024-07-19")};
    for (Projection& one : base) Score(EuroSettings(), model, one);
    return base;
  }
};

TEST_F(SubscriptionWhatIf, SplitsOrdersAndSubscriptions) {
  WorkspaceModel model = CdnowModel();
  AddRetention("all", kAlpha, kBeta, model);
  const std::vector<Projection> base = Scored(model);
  double orders = 0, subscriptions = 0, renewals = 0;
  for (const Projection& one : base) {
    const v1::CustomerValue& value = one.facts.value();
    const auto part = static_cast<double>(value.subscription().predicted().micros());
    subscriptions += part;
    orders += static_cast<double>(value.predicted().micros()) - part;
    renewals += value.subscription().expected_renewals();
  }
  v1::AskWhatIfRequest request;
  const v1::AskWhatIfResponse same = Ask(model, base, request);
  EXPECT_NEAR(static_cast<double>(same.baseline_subscriptions().micros()), subscriptions, 4);
  EXPECT_NEAR(static_cast<double>(same.baseline_orders().micros()), orders, 4);
  EXPECT_NEAR(static_cast<double>(same.baseline().micros()), orders + subscriptions, 6);
  EXPECT_EQ(same.changed().micros(), same.baseline().micros());
  EXPECT_NEAR(same.baseline_renewals(), renewals, 1e-5);
  EXPECT_EQ(same.subscription_count(), 2);
  EXPECT_EQ(same.customer_count(), 3);
  request.set_order_value_change(.1);
  const v1::AskWhatIfResponse dearer = Ask(model, base, request);
  EXPECT_NEAR(static_cast<double>(dearer.changed_subscriptions().micros()), 1.1 * subscriptions, 4);
  request.set_order_value_change(0);
  request.set_frequency_change(.5);
  const v1::AskWhatIfResponse oftener = Ask(model, base, request);
  EXPECT_EQ(oftener.changed_subscriptions().micros(), same.baseline_subscriptions().micros());
  EXPECT_GT(oftener.changed_orders().micros(), same.baseline_orders().micros());
}

// Each renewal's chance to end, alpha / (alpha + beta + i), halved.
TEST_F(SubscriptionWhatIf, LeavingMultipliesTheChanceToEnd) {
  const WorkspaceModel model = RetentionOnly();
  std::vector<Projection> base = {ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19")};
  Score(EuroSettings(), model, base[0]);
  v1::AskWhatIfRequest request;
  request.set_leaving_change(-.5);
  request.set_margin(.4);
  const v1::AskWhatIfResponse answer = Ask(model, base, request);
  double there = 1, discounted = 0, renewals = 0;
  for (int k = 0; k < 12; ++k) {
    there *= 1 - .5 * kAlpha / (kAlpha + kBeta + 6 + k);
    renewals += there;
    discounted += there * std::pow(1.1, -(10 + 30 * k) / 365.);
  }
  EXPECT_NEAR(answer.changed_renewals(), renewals, 2e-6);
  EXPECT_NEAR(static_cast<double>(answer.changed_subscriptions().micros()),
              discounted * 50 * 12 * 30 / 365. * .4 * kUnit, 2);
  EXPECT_EQ(answer.baseline_orders().micros(), 0);
  EXPECT_GT(answer.changed_renewals(), answer.baseline_renewals());
}

TEST(ExplainSubscription, TermsMultiplyUp) {
  Settings settings = EuroSettings();
  settings.margin = .8;
  const WorkspaceModel model = RetentionOnly();
  Projection projection = ProjectionOf({Start("2024-01-01", 50)}, "2024-07-19", settings);
  Score(settings, model, projection);
  double product = 0, result = 0;
  std::map<std::string, std::string> terms;
  bool churn = false, total = false;
  for (const ExplainLine& line : Explain(settings, model, projection)) {
    churn |= line.subject == "value.churn";
    total |= line.subject == "value.predicted" && line.formula == "value.subscription.predicted";
    if (line.subject != "value.subscription.running[0].predicted") continue;
    result = std::stod(line.result);
    product = 1;
    for (const auto& input : line.inputs) {
      const bool term = input.name == "discounted renewals" ||
                        input.name == "payment at a renewal" || input.name == "margin";
      if (term) product *= std::stod(input.value);
      terms[input.name] = input.value;
    }
  }
  EXPECT_NEAR(product / result, 1, 2e-5) << "printed with six digits";
  EXPECT_EQ(terms["alpha"], "0.668088");
  EXPECT_EQ(terms["n"], "6");
  EXPECT_EQ(terms["w"], "10 days");
  EXPECT_EQ(terms["K"], "12");
  EXPECT_TRUE(churn);
  EXPECT_TRUE(total);
}

}  // namespace
}  // namespace rapport::facts

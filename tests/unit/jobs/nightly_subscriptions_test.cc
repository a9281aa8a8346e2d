// SPDX-License-Identifier: Apache-2.0
// Subscribers without orders in the night: valued, reported, the same bytes whichever way
// the generation was made.
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "jobs/nightly.h"
#include "lib/facts/reports.h"
#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

constexpr uint32_t kSubscribers = 3'000;
// Of them, the first; they order as well. Too few for classifiers, which may stay those of
// an earlier night.
constexpr uint32_t kBuyers = 150;
constexpr int kDays = 400;
constexpr TimeMicros kFirst = kStart - kDays * kMicrosPerDay;

events::EventRow SubscriptionRow(uint32_t customer_no, int day, v1::EventType type, int64_t units) {
  events::EventRow row = OrderRow(customer_no, kFirst + day * kMicrosPerDay, units * 1'000'000);
  row.type = static_cast<uint16_t>(type);
  row.aux = customer_no;
  if (units == 0) row.currency = 0;
  return row;
}

// Own chances to leave at a renewal are Beta(1, 6); who leaves does so within the period.
std::vector<events::EventRow> Subscriptions() {
  std::mt19937_64 random(5);
  std::vector<events::EventRow> rows;
  std::uniform_real_distribution<double> uniform;
  for (uint32_t customer_no = 1; customer_no <= kSubscribers; ++customer_no) {
    const double leave = std::gamma_distribution<double>(1)(random);
    const double stay = std::gamma_distribution<double>(6)(random);
    int day = static_cast<int>(uniform(random) * (kDays - 40));
    rows.push_back(SubscriptionRow(customer_no, day, v1::EVENT_TYPE_SUBSCRIPTION_STARTED,
                                   10 + customer_no % 5));
    for (day += 30; day < kDays; day += 30) {
      if (uniform(random) < leave / (leave + stay)) {
        rows.push_back(
            SubscriptionRow(customer_no, day - 1, v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, 0));
        break;
      }
    }
  }
  std::vector<events::EventRow> orders =
      RandomRows(6, 3'000, kBuyers, kFirst, kStart - kMicrosPerDay);
  rows.insert(rows.end(), orders.begin(), orders.end());
  return rows;
}

v1::CustomerFacts FactsOf(Shop& shop, uint32_t customer_no) {
  const auto current = shop.Current();
  v1::CustomerFacts facts;
  const auto row = shop.store().dataset().Get(store::DatasetId::kFacts, current->generation(),
                                              store::CustomerKey{1, customer_no}.Encode());
  EXPECT_TRUE(row.ok() && facts.ParseFromString(*row)) << customer_no;
  return facts;
}

TEST(NightlySubscriptions, AreValuedAndTheSameWhicheverWay) {
  NightlyOptions options;
  options.as_of = kStart;
  options.threads = 1;
  Shop whole("subscriptions_whole"), split("subscriptions_split");
  const std::vector<events::EventRow> rows = Subscriptions();
  whole.Log(rows);
  RAPPORT_ASSERT_OK(whole.Night(options));
  // The other one learns of the last third a night later, on more threads.
  std::vector<events::EventRow> first, second;
  for (const events::EventRow& row : rows) {
    (row.time < kStart - 130 * kMicrosPerDay ? first : second).push_back(row);
  }
  split.Log(first);
  options.threads = 3;
  options.as_of = kStart - 130 * kMicrosPerDay;
  RAPPORT_ASSERT_OK(split.Night(options));
  split.Log(second);
  options.as_of = kStart;
  RAPPORT_ASSERT_OK(split.Night(options));
  EXPECT_EQ(split.Derived(), whole.Derived());

  const facts::WorkspaceModel& model = whole.Current()->models().at(1);
  ASSERT_GT(model.value_model().retention_size(), 0);
  EXPECT_EQ(model.decile_cuts_size(), 9);
  // Value is as the model says, customer by customer, and adds up in the report.
  int64_t equity = 0, of_subscriptions = 0, subscribers = 0, customers = 0, top = 0;
  for (uint32_t customer_no = 1; customer_no <= kSubscribers; ++customer_no) {
    const v1::CustomerFacts facts = FactsOf(whole, customer_no);
    ASSERT_TRUE(facts.has_value()) << customer_no;
    const v1::CustomerValue& value = facts.value();
    equity += value.predicted().micros();
    of_subscriptions += value.subscription().predicted().micros();
    ++customers;
    if (value.decile() == 10) ++top;
    if (value.subscription().running_count() == 0) continue;
    ++subscribers;
    ASSERT_EQ(value.churn().basis(), v1::CHURN_BASIS_SUBSCRIPTION_MODEL);
    ASSERT_GT(value.subscription().predicted().micros(), 0);
    ASSERT_GT(value.residual().micros(), value.subscription().predicted().micros());
    ASSERT_LT(value.subscription().mean_interval().low(),
              value.subscription().mean_interval().high());
    ASSERT_EQ(value.subscription().running(0).monthly_recurring_revenue().micros(),
              (10 + customer_no % 5) * 1'000'000);
  }
  EXPECT_NEAR(static_cast<double>(top), kSubscribers / 10., kSubscribers / 50.);
  const auto report_row =
      whole.store().dataset().Get(store::DatasetId::kReports, whole.Current()->generation(),
                                  store::ReportKey{1, std::string(facts::kValueReport)}.Encode());
  RAPPORT_ASSERT_OK(report_row);
  v1::ValueReport report;
  ASSERT_TRUE(report.ParseFromString(*report_row));
  EXPECT_EQ(report.customer_equity().micros(), equity);
  EXPECT_EQ(report.subscription_equity().micros(), of_subscriptions);
  EXPECT_EQ(report.subscriber_count(), subscribers);
  EXPECT_EQ(report.customer_count(), customers);
  EXPECT_GT(report.equity_interval().low(), 0);
}

}  // namespace
}  // namespace rapport::jobs

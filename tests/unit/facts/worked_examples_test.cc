// SPDX-License-Identifier: Apache-2.0
// The worked examples of the metric vocabulary, from raw events through folds, cells and
// the query: the figures that the API must answer.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/base.h"
#include "tests/unit/facts/events.h"

namespace rapport::facts {
namespace {

v1::MetricPoint Ask(const Base& base, const std::string& metric, const std::string& start,
                    const std::string& end) {
  v1::QueryMetricRequest request;
  request.set_metric(metric);
  request.set_start_date(start);
  request.set_end_date(end);
  const auto response = base.Query(request);
  EXPECT_TRUE(response.ok()) << metric << ": " << response.status();
  return response.ok() ? response->total().points(0) : v1::MetricPoint();
}

EventColumns Subscribe(std::string_view time) {
  return Event(time, v1::EVENT_TYPE_SUBSCRIPTION_STARTED, 10'000'000, 7);
}
EventColumns Cancel(std::string_view time) {
  return Event(time, v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED, 10'000'000, 7);
}

TEST(WorkedExamples, RetentionAndNetGrowth) {
  // 10,000 at the start of the year; 3,000 of them cancel in it; 5,000 join: 12,000 at the end.
  Base base(EuroSettings(), "2025-06-01");
  for (int i = 0; i < 7'000; ++i) base.Add({Subscribe("2023-06-01")});
  for (int i = 0; i < 3'000; ++i) base.Add({Subscribe("2023-06-01"), Cancel("2024-05-01")});
  for (int i = 0; i < 5'000; ++i) base.Add({Subscribe("2024-08-01")});
  const v1::MetricPoint retention =
      Ask(base, "customer_retention_rate", "2024-01-01", "2025-01-01");
  EXPECT_DOUBLE_EQ(retention.value(), 70);
  EXPECT_EQ(retention.sample_size(), 10'000);
  EXPECT_DOUBLE_EQ(Ask(base, "net_growth", "2024-01-01", "2025-01-01").value(), 20);
  EXPECT_DOUBLE_EQ(Ask(base, "customers", "2024-01-01", "2025-01-01").value(), 12'000);
}

TEST(WorkedExamples, Churn) {
  Base base(EuroSettings(), "2024-06-01");
  for (int i = 0; i < 900; ++i) base.Add({Subscribe("2024-01-10")});
  for (int i = 0; i < 100; ++i) base.Add({Subscribe("2024-01-10"), Cancel("2024-02-15")});
  EXPECT_DOUBLE_EQ(Ask(base, "churn_rate", "2024-02-01", "2024-03-01").value(), 10);
}

TEST(WorkedExamples, SilentBuyersLeaveTheBooks) {
  // churned_days 365 after the last activity.
  Base base(EuroSettings(), "2025-06-01");
  base.Add({Order("2024-01-10", 10)});
  base.Add({Order("2024-01-10", 10), Order("2024-12-30", 10)});
  EXPECT_DOUBLE_EQ(Ask(base, "churn_rate", "2025-01-01", "2025-02-01").value(), 50);
}

TEST(WorkedExamples, SimpleClv) {
  Base base(EuroSettings(), "2025-06-01");
  for (int customer = 0; customer < 5; ++customer) {
    Timeline events;
    for (int month = 0; month < 12; ++month) {
      events.push_back(Order(FormatDate(AddMonths(Day("2024-01-05"), month)), 100));
    }
    base.Add(events);
  }
  EXPECT_DOUBLE_EQ(Ask(base, "clv_simple", "2024-01-01", "2025-01-01").value(), 1'200);
  EXPECT_DOUBLE_EQ(Ask(base, "average_order_value", "2024-01-01", "2025-01-01").value(), 100);
  EXPECT_DOUBLE_EQ(Ask(base, "purchase_frequency", "2024-01-01", "2025-01-01").value(), 12);
  EXPECT_DOUBLE_EQ(Ask(base, "repeat_purchase_rate", "2024-01-01", "2025-01-01").value(), 100);
}

TEST(WorkedExamples, Nps) {
  Base base(EuroSettings(), "2024-06-01");
  for (int i = 0; i < 300; ++i) base.Add({Nps("2024-03-01", 9 + i % 2)});
  for (int i = 0; i < 100; ++i) base.Add({Nps("2024-03-01", 7 + i % 2)});
  for (int i = 0; i < 100; ++i) base.Add({Nps("2024-03-01", i % 7)});
  EXPECT_DOUBLE_EQ(Ask(base, "nps", "", "").value(), 40);
}

TEST(WorkedExamples, Csat) {
  Base base(EuroSettings(), "2024-06-01");
  for (const int score : {5, 4, 2, 1}) {
    base.Add({Event("2024-03-01", v1::EVENT_TYPE_CSAT_ANSWERED, score, 5)});
  }
  EXPECT_DOUBLE_EQ(Ask(base, "csat", "", "").value(), 50);
}

TEST(WorkedExamples, ActiveCustomersByMonth) {
  Base base(EuroSettings(), "2024-06-01");
  base.Add({Order("2024-01-10", 10), Order("2024-01-20", 10), Order("2024-03-05", 10)});
  base.Add({Event("2024-01-11", v1::EVENT_TYPE_PAGE_VIEWED)});
  base.Add({Event("2024-01-11", v1::EVENT_TYPE_EMAIL_SENT)});
  EXPECT_DOUBLE_EQ(Ask(base, "active_customers", "2024-01-01", "2024-02-01").value(), 2);
  EXPECT_DOUBLE_EQ(Ask(base, "active_customers", "2024-02-01", "2024-03-01").value(), 0);
  EXPECT_DOUBLE_EQ(Ask(base, "active_customers", "", "").value(), 2);
  EXPECT_DOUBLE_EQ(Ask(base, "purchasing_customers", "2024-01-01", "2024-02-01").value(), 1);
}

}  // namespace
}  // namespace rapport::facts

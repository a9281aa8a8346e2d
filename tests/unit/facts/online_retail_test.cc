// SPDX-License-Identifier: Apache-2.0
// A real shop (541,909 order lines of a gift shop, 2010-12 to 2011-12) through the pure
// layers. Expected figures: data set's README, computed there with pandas and plain SQL by
// the clean rule (customer present, no cancellation, quantity > 0, price > 0).
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/matchers.h"
#include "tests/unit/facts/base.h"
#include "tests/unit/facts/events.h"
#include "tests/unit/facts/gzip_lines.h"

namespace rapport::facts {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// An invoice: its first time and its sum in thousandths of a pound.
struct Invoice {
  std::string customer;
  std::string time;  // "2010-12-01 08:26:00", the first of its lines.
  double amount = 0;
};

std::map<std::string, Timeline> ReadShop(const std::string& path) {
  std::map<std::string, Invoice> invoices;
  ForEachCsvLine(path, [&](const std::vector<std::string>& fields) {
    if (fields.size() < 8 || fields[6].empty() || fields[0].starts_with('C')) return;
    const double quantity = std::atof(fields[3].c_str());
    const double price = std::atof(fields[5].c_str());
    if (quantity <= 0 || price <= 0) return;
    Invoice& invoice = invoices[fields[0]];
    if (invoice.time.empty() || fields[4] < invoice.time) invoice.time = fields[4];
    invoice.customer = fields[6];
    invoice.amount += quantity * price;
  });
  std::map<std::string, Timeline> customers;
  for (const auto& [number, invoice] : invoices) {
    EventColumns order = Order(invoice.time.substr(0, 10) + "T" + invoice.time.substr(11) + "Z", 0);
    order.value = std::llround(invoice.amount * 1'000) * 1'000;
    order.currency = PackCurrency("GBP").value();
    customers[invoice.customer].push_back(order);
  }
  for (auto& [customer, events] : customers) events = Sorted(events);
  return customers;
}

class OnlineRetail : public ::testing::Test {
 protected:
  static constexpr const char* kAsOf = "2011-12-10T00:00:00Z";

  static void SetUpTestSuite() {
    const std::string path = DataFile("online_retail/online_retail.csv.gz");
    if (!Exists(path)) return;
    shop_ = new std::map<std::string, Timeline>(ReadShop(path));
  }
  void SetUp() override {
    if (shop_ == nullptr) {
      GTEST_SKIP() << "NOT TESTED: online_retail is absent; set RAPPORT_DATA to the folder with "
                      "the real data sets";
    }
  }
  static Settings Pounds() {
    Settings settings = EuroSettings();
    settings.base_currency = PackCurrency("GBP").value();
    return settings;
  }
  static Base BaseOf() {
    Base base(Pounds(), kAsOf);
    for (const auto& [customer, events] : *shop_) base.Add(events);
    return base;
  }

  static std::map<std::string, Timeline>* shop_;
};
std::map<std::string, Timeline>* OnlineRetail::shop_ = nullptr;

double Value(const Base& base, const std::string& metric) {
  v1::QueryMetricRequest request;
  request.set_metric(metric);
  const auto response = base.Query(request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->total().points(0).value() : 0;
}

TEST_F(OnlineRetail, Totals) {
  const Base base = BaseOf();
  EXPECT_EQ(shop_->size(), 4'338U);
  EXPECT_DOUBLE_EQ(Value(base, "orders"), 18'532);
  EXPECT_DOUBLE_EQ(Value(base, "revenue"), 8'911'407.904);
  EXPECT_NEAR(Value(base, "average_order_value"), 480.86596, 5e-6);
  EXPECT_DOUBLE_EQ(Value(base, "purchasing_customers"), 4'338);
  EXPECT_DOUBLE_EQ(Value(base, "active_customers"), 4'338);
  EXPECT_NEAR(Value(base, "repeat_purchase_rate"), 65.5832, 5e-5);
  EXPECT_NEAR(Value(base, "purchase_frequency"), 18'532.0 / 4'338, 1e-12);
}

TEST_F(OnlineRetail, ActiveCustomersOfAMonthWeekAndDay) {
  // 2011-11 is the 30 days to 2011-11-30: MAU 1,664; that Wednesday's DAU is 92.
  const Base base = BaseOf();
  v1::QueryMetricRequest request;
  request.set_metric("active_customers");
  request.set_start_date("2011-11-01");
  request.set_end_date("2011-12-01");
  EXPECT_DOUBLE_EQ(base.Query(request)->total().points(0).value(), 1'664);
  request.set_start_date("2011-11-30");
  EXPECT_DOUBLE_EQ(base.Query(request)->total().points(0).value(), 92);
}

class OnlineRetailReports : public OnlineRetail {
 protected:
  // Partial reports of every third customer, merged out of order.
  static std::map<std::string, std::string> Reports() {
    const Settings settings = Pounds();
    const TimeMicros as_of = At(kAsOf);
    BaseReports parts[3] = {BaseReports(settings, as_of), BaseReports(settings, as_of),
                            BaseReports(settings, as_of)};
    size_t number = 0;
    for (const auto& [customer, events] : *shop_) {
      const Fold fold = FoldEvents(settings, events, as_of);
      parts[number++ % 3].Add(fold, Project(settings, fold, as_of));
    }
    parts[2].Merge(parts[0]);
    parts[2].Merge(parts[1]);
    std::map<std::string, std::string> reports;
    for (auto& [name, bytes] : parts[2].Finish()) reports[name] = bytes;
    return reports;
  }
};

TEST_F(OnlineRetailReports, RetentionTriangle) {
  auto reports = Reports();
  v1::RetentionReport report;
  ASSERT_TRUE(report.ParseFromString(reports["retention/first_order/order"]));
  ASSERT_EQ(report.cohorts_size(), 13);
  const auto returned = [&](int cohort) {
    std::vector<int64_t> counts;
    for (const v1::RetentionCell& cell : report.cohorts(cohort).cells()) {
      counts.push_back(cell.returned());
    }
    return counts;
  };
  EXPECT_EQ(report.cohorts(0).start_date(), "2010-12-01");
  EXPECT_THAT(returned(0),
              ElementsAre(885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235));
  EXPECT_THAT(returned(1), ElementsAre(417, 92, 111, 96, 134, 120, 103, 101, 125, 136, 152, 49));
  EXPECT_TRUE(report.cohorts(0).cells(12).incomplete()) << "2011-12 ends after as_of";
  EXPECT_EQ(report.pooled_size(), 12);
  int64_t revenue = 0;
  for (const v1::Cohort& cohort : report.cohorts()) {
    for (const v1::RetentionCell& cell : cohort.cells()) revenue += cell.revenue().micros();
  }
  EXPECT_EQ(revenue, 8'911'407'904'000) << "the cells hold all revenue";
}

TEST_F(OnlineRetailReports, GrowthAddsUpAndStagesHoldEverybody) {
  auto reports = Reports();
  v1::LifecycleReport report;
  ASSERT_TRUE(report.ParseFromString(reports["lifecycle"]));
  ASSERT_EQ(report.growth_size(), 13);
  EXPECT_EQ(report.growth(0).new_customers(), 885);
  EXPECT_EQ(report.growth(1).new_customers(), 417);
  EXPECT_EQ(report.growth(1).returning(), 324) << "active in December and January";
  EXPECT_EQ(report.growth(1).dormant(), 885 - 324);
  // November: MAU 1,664 = new + returning + resurrecting.
  const v1::GrowthPoint& november = report.growth(11);
  EXPECT_EQ(november.new_customers() + november.returning() + november.resurrecting(), 1'664);
  int64_t active = 0;
  for (const v1::GrowthPoint& point : report.growth()) {
    const int64_t now = point.new_customers() + point.returning() + point.resurrecting();
    EXPECT_EQ(now - active, point.new_customers() + point.resurrecting() - point.dormant());
    active = now;
  }
  int64_t customers = 0, entered = 0, flows = 0, monthly = 0;
  for (const v1::StageCount& stage : report.stages()) customers += stage.customer_count();
  EXPECT_EQ(customers, 4'338);
  for (const v1::StageFlow& flow : report.flows()) {
    flows += flow.transition_count();
    if (flow.from_stage() == v1::LIFECYCLE_STAGE_UNSPECIFIED) entered += flow.transition_count();
  }
  EXPECT_EQ(entered, 4'338);
  for (const v1::MonthlyStageFlows& month : report.monthly_flows()) {
    for (const v1::StageFlow& flow : month.flows()) monthly += flow.transition_count();
  }
  EXPECT_EQ(monthly, flows);
}

}  // namespace
}  // namespace rapport::facts

// SPDX-License-Identifier: Apache-2.0
// Nightly change detection over a shop with a weekly season.
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapport/v1/reference.pb.h"
#include "tests/unit/jobs/nightly_fixture.h"

namespace rapport::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHour = 3'600 * kMicrosPerSecond;
constexpr int64_t kDay = 24 * kHour;

// Midnight of 2023-08-07, a Monday, in Berlin (UTC+2).
constexpr TimeMicros kMonday = 1'691'359'200 * kMicrosPerSecond;

// Orders of `days` days from kMonday + first day: 200 on a working day, 90 at the weekend, times
// `factor`, evenly over the day; a little noise with a fixed seed.
std::vector<events::EventRow> Orders(int first, int days, double factor = 1) {
  std::mt19937_64 random(static_cast<uint64_t>(first));
  std::vector<events::EventRow> rows;
  for (int day = first; day < first + days; ++day) {
    const double mean = (day % 7 >= 5 ? 90 : 200) * factor;
    const auto count = static_cast<int>(mean) + static_cast<int>(random() % 21) - 10;
    for (int i = 0; i < count; ++i) {
      const TimeMicros time = kMonday + day * kDay + kHour + i * (20 * kHour / count);
      const auto customer = static_cast<events::CustomerNo>(1 + random() % 5'000);
      rows.push_back(
          OrderRow(customer, time, 10'000'000 + static_cast<int64_t>(random() % 5'000'000)));
    }
  }
  return rows;
}

class AlertStageTest : public ::testing::Test {
 protected:
  AlertStageTest() { shop_.clock().Set(kMonday); }
  // A night in the early morning after `day`.
  void NightAfter(int day, bool full = false) {
    shop_.clock().Set(kMonday + (day + 1) * kDay + 4 * kHour);
    NightlyOptions options;
    options.full = full;
    const auto run = shop_.Night(options);
    RAPPORT_ASSERT_OK(run);
  }
  // "metric date kind" of all alerts, as stored.
  std::vector<std::string> Alerts() {
    std::vector<std::string> alerts;
    for (const v1::Alert& alert : Stored()) {
      std::string kind = v1::AlertKind_Name(alert.kind());
      alerts.push_back(Cat(alert.metric(), " ", alert.date(), " ", kind.substr(11)));
    }
    return alerts;
  }
  std::vector<v1::Alert> Stored() {
    std::vector<v1::Alert> alerts;
    const auto current = shop_.Current();
    const auto cursor =
        shop_.store().dataset().Scan(store::DatasetId::kAlerts, current->generation(), {});
    for (; cursor->Valid(); cursor->Next()) {
      EXPECT_TRUE(alerts.emplace_back().ParseFromString(std::string(cursor->Value())));
    }
    RAPPORT_EXPECT_OK(cursor->status());
    return alerts;
  }
  // Of the metric "orders" alone.
  std::vector<std::string> OrderAlerts() {
    std::vector<std::string> all = Alerts();
    std::erase_if(all, [](const std::string& text) { return !text.starts_with("orders "); });
    return all;
  }

  Shop shop_{"alerts"};
};

TEST_F(AlertStageTest, AQuietSeriesRaisesNothing) {
  shop_.Log(Orders(0, 70));
  NightAfter(69);
  EXPECT_THAT(Alerts(), IsEmpty());
  for (int day = 70; day < 73; ++day) {
    shop_.Log(Orders(day, 1));
    NightAfter(day);
    EXPECT_THAT(Alerts(), IsEmpty()) << "day " << day;
  }
}

TEST_F(AlertStageTest, ADropIsRaisedOnceAndCarriedOver) {
  shop_.Log(Orders(0, 70));
  NightAfter(69);
  shop_.Log(Orders(70, 1, 0.4));  // Monday 2023-10-16.
  NightAfter(70);
  EXPECT_THAT(OrderAlerts(), ElementsAre("orders 2023-10-16 WORSE"));
  const std::vector<v1::Alert> raised = Stored();
  const auto found = std::find_if(raised.begin(), raised.end(),
                                  [](const v1::Alert& a) { return a.metric() == "orders"; });
  ASSERT_NE(found, raised.end());
  EXPECT_EQ(found->name(), "workspaces/shop/alerts/orders-2023-10-16");
  EXPECT_NEAR(found->expected(), 200, 15);
  EXPECT_NEAR(found->value(), 80, 11);
  EXPECT_LT(found->deviations(), -4);
  EXPECT_EQ(found->create_time().seconds() * kMicrosPerSecond, shop_.Current()->as_of_micros());
  EXPECT_EQ(found->generation(), "workspaces/-/generations/2");
  shop_.Log(Orders(71, 1));
  NightAfter(71);
  EXPECT_THAT(OrderAlerts(), ElementsAre("orders 2023-10-16 WORSE"));
  EXPECT_EQ(Stored().size(), raised.size()) << "nothing new, nothing lost";
  EXPECT_EQ(Stored().back().SerializeAsString(), raised.back().SerializeAsString());
  // The orders of the bad day come late: the alert stays as it was raised.
  shop_.Log(Orders(70, 1, 0.6));
  shop_.Log(Orders(72, 1));
  NightAfter(72);
  EXPECT_THAT(OrderAlerts(), ElementsAre("orders 2023-10-16 WORSE"));
}

TEST_F(AlertStageTest, ADayThatIsRestatedIsJudgedAgain) {
  shop_.Log(Orders(0, 70));
  NightAfter(69);
  shop_.Log(Orders(70, 1));
  NightAfter(70);
  ASSERT_THAT(OrderAlerts(), IsEmpty());
  shop_.Log(Orders(71, 1));
  shop_.Log(Orders(70, 1));  // As many again, a day late.
  NightAfter(71);
  EXPECT_THAT(OrderAlerts(), ElementsAre("orders 2023-10-16 BETTER"));
}

TEST_F(AlertStageTest, MissedNightsAreMadeUpFor) {
  shop_.Log(Orders(0, 70));
  NightAfter(69);
  shop_.Log(Orders(70, 1, 0.4));
  shop_.Log(Orders(71, 2));
  NightAfter(72);
  EXPECT_THAT(OrderAlerts(), ElementsAre("orders 2023-10-16 WORSE"));
}

TEST_F(AlertStageTest, NewestComeFirst) {
  shop_.Log(Orders(0, 70));
  NightAfter(69);
  shop_.Log(Orders(70, 1, 0.4));
  NightAfter(70);
  shop_.Log(Orders(71, 1, 3));
  NightAfter(71);
  EXPECT_THAT(OrderAlerts(), ElementsAre("orders 2023-10-17 BETTER", "orders 2023-10-16 WORSE"));
}

TEST_F(AlertStageTest, FullAndIncrementalNightsGiveTheSameBytes) {
  shop_.Log(Orders(0, 70));
  NightAfter(69);
  shop_.Log(Orders(70, 1, 0.4));
  NightAfter(70);
  shop_.Log(Orders(71, 1, 0.5));
  NightAfter(71);
  const std::string incremental = shop_.Derived()["alerts"];
  Shop other("alerts-full");
  other.clock().Set(kMonday);
  const auto night = [&](int day) {
    other.clock().Set(kMonday + (day + 1) * kDay + 4 * kHour);
    NightlyOptions options;
    options.full = true;
    RAPPORT_ASSERT_OK(other.Night(options));
  };
  other.Log(Orders(0, 70));
  night(69);
  other.Log(Orders(70, 1, 0.4));
  night(70);
  other.Log(Orders(71, 1, 0.5));
  night(71);
  EXPECT_FALSE(incremental.empty());
  EXPECT_EQ(other.Derived()["alerts"], incremental);
}

TEST_F(AlertStageTest, OldAlertsAreForgotten) {
  shop_.Log(Orders(0, 70));
  NightAfter(69);
  shop_.Log(Orders(70, 1, 0.4));
  NightAfter(70);
  ASSERT_THAT(OrderAlerts(), ElementsAre("orders 2023-10-16 WORSE"));
  NightAfter(70 + 399);
  EXPECT_THAT(OrderAlerts(), ::testing::Contains("orders 2023-10-16 WORSE"));
  NightAfter(70 + 402);
  EXPECT_THAT(OrderAlerts(), IsEmpty());
}

}  // namespace
}  // namespace rapport::jobs

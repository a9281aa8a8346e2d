// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "gtest/gtest.h"
#include "lib/base/hash.h"
#include "tools/demo/business.h"
#include "tools/demo/describe.h"
#include "tools/demo/random.h"

namespace rapport::demo {
namespace {

std::string Bytes(const v1::Event& event) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  event.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

uint64_t Digest(const std::vector<v1::Event>& events) {
  std::string all;
  for (const auto& event : events) all += Bytes(event);
  return HashText64(all);
}

TimeMicros TimeOf(const v1::Event& event) {
  return event.event_time().seconds() * kMicrosPerSecond + event.event_time().nanos() / 1000;
}

std::vector<v1::Event> EventsOf(const Business& shop, uint64_t from, uint64_t to) {
  std::vector<v1::Event> events;
  for (uint64_t i = from; i < to; ++i) shop.Customer(i, events);
  return events;
}

TEST(Business, TheFirstThousandCustomersArePinned) {
  EXPECT_EQ(Digest(EventsOf(Business({.seed = 1}), 0, 1000)), 3006641599377109391u);
}

TEST(Business, ACustomerDependsOnSeedAndIndexAlone) {
  const Business small({.customers = 10, .seed = 3});
  const Business large({.customers = 100000, .seed = 3});
  EXPECT_EQ(Digest(EventsOf(small, 5, 9)), Digest(EventsOf(large, 5, 9)));
  EXPECT_NE(Digest(EventsOf(small, 5, 9)),
            Digest(EventsOf(Business({.customers = 10, .seed = 4}), 5, 9)));
}

TEST(Business, EventsAreOrderedUniqueAndInsideTheWindow) {
  const Business shop({.seed = 11, .days = 400});
  std::set<std::string> ids;
  for (uint64_t i = 0; i < 500; ++i) {
    TimeMicros last = shop.begin_time();
    for (const auto& event : EventsOf(shop, i, i + 1)) {
      EXPECT_TRUE(ids.insert(event.event_id()).second) << event.event_id();
      EXPECT_EQ(event.customer_id(), Business::CustomerId(i));
      EXPECT_GE(TimeOf(event), last);
      EXPECT_LT(TimeOf(event), shop.end_time());
      EXPECT_NE(event.type(), v1::EVENT_TYPE_UNSPECIFIED);
      last = TimeOf(event);
    }
  }
}

TEST(Business, InTimeOrderHoldsTheSameEvents) {
  const Business shop({.customers = 60, .seed = 5});
  const auto sorted = shop.InTimeOrder();
  std::multiset<std::string> left;
  std::multiset<std::string> right;
  for (const auto& event : sorted) left.insert(Bytes(event));
  for (const auto& event : EventsOf(shop, 0, 60)) right.insert(Bytes(event));
  EXPECT_EQ(left, right);
  for (size_t i = 1; i < sorted.size(); ++i) EXPECT_LE(TimeOf(sorted[i - 1]), TimeOf(sorted[i]));
}

TEST(Business, HasAboutTwentyEventsACustomer) {
  const auto events = EventsOf(Business({.seed = 1}), 0, 5000);
  const double mean = static_cast<double>(events.size()) / 5000;
  EXPECT_GT(mean, 17);
  EXPECT_LT(mean, 25);
}

// The expectation of BG/NBD by its own process: simulated from the parameters with other
// random numbers and without the shop around it.
double ExpectedRepeats(double weeks, int runs) {
  const Truth& truth = Business::truth();
  Random random(99, 1);
  int64_t total = 0;
  for (int run = 0; run < runs; ++run) {
    const double rate = random.Gamma(truth.r, truth.alpha);
    const double leave = random.Beta(truth.a, truth.b);
    double time = random.Exponential(rate);
    while (time < weeks) {
      ++total;
      if (random.Chance(leave)) break;
      time += random.Exponential(rate);
    }
  }
  return static_cast<double>(total) / runs;
}

// Fader, Hardie and Lee (2005), eq. 9, at t = 52 weeks for the known parameters, with
// 2F1 by its series (converges: z = t / (alpha + t) < 1).
double BgNbdMean(double t) {
  const Truth& truth = Business::truth();
  const double z = t / (truth.alpha + t);
  double term = 1;
  double sum = 1;
  for (int n = 0; n < 2000; ++n) {
    term *= (truth.r + n) * (truth.b + n) / (truth.a + truth.b - 1 + n) / (n + 1) * z;
    sum += term;
  }
  return (truth.a + truth.b - 1) / (truth.a - 1) *
         (1 - std::pow(truth.alpha / (truth.alpha + t), truth.r) * sum);
}

TEST(Random, GammaAndBetaGiveBgNbdsMean) {
  EXPECT_NEAR(ExpectedRepeats(52, 200000), BgNbdMean(52), 0.03 * BgNbdMean(52));
}

TEST(Business, PurchasesFollowTheKnownParameters) {
  const Business shop({.seed = 21});
  int64_t repeats = 0;
  int64_t buyers = 0;
  double cents = 0;
  int64_t orders = 0;
  for (uint64_t i = 0; i < 20000; ++i) {
    TimeMicros first = 0;
    for (const auto& event : EventsOf(shop, i, i + 1)) {
      if (event.type() != v1::EVENT_TYPE_ORDER_PLACED) continue;
      const bool is_first = first == 0;
      if (is_first) first = TimeOf(event);
      if (shop.end_time() - first < 52 * 7 * kMicrosPerDay) break;  // Not seen for a year.
      if (is_first) {
        ++buyers;
        cents += static_cast<double>(event.order().amount().micros()) / 10000;
        ++orders;
      } else if (TimeOf(event) - first < 52 * 7 * kMicrosPerDay) {
        ++repeats;
      }
    }
  }
  const double mean = static_cast<double>(repeats) / static_cast<double>(buyers);
  EXPECT_NEAR(mean, BgNbdMean(52), 0.06 * BgNbdMean(52)) << buyers << " buyers";
  const Truth& truth = Business::truth();
  const double spend = truth.p * truth.gamma / (truth.q - 1);
  EXPECT_NEAR(cents / 100 / static_cast<double>(orders), spend, 0.06 * spend);
}

TEST(Business, HappierCustomersStayAndShopsPleaseMore) {
  std::map<std::string, std::pair<double, int>> by_touchpoint;
  const Business shop({.seed = 2});
  double product = 0;
  for (uint64_t i = 0; i < 8000; ++i) {
    const CustomerTruth truth = shop.TruthOf(i);
    product += truth.satisfaction * (truth.leave_probability - 0.24);
    for (const auto& event : EventsOf(shop, i, i + 1)) {
      if (event.type() != v1::EVENT_TYPE_NPS_ANSWERED) continue;
      auto& [sum, count] = by_touchpoint[event.touchpoint()];
      sum += event.survey_answer().score();
      ++count;
    }
  }
  EXPECT_LT(product, 0);
  const auto mean = [&](const std::string& name) {
    return by_touchpoint[name].first / by_touchpoint[name].second;
  };
  EXPECT_GT(mean("store_berlin"), mean("delivery") + 0.5);
}

TEST(Describe, ExportsTheTruth) {
  const std::string json = DescribeJson({.seed = 9});
  EXPECT_NE(json.find("\"alpha\": 8"), std::string::npos) << json;
  EXPECT_NE(json.find("\"end_date\": \"2026-11-01\""), std::string::npos) << json;
}

}  // namespace
}  // namespace rapport::demo

// SPDX-License-Identifier: Apache-2.0
// Three plans, one answer: random histories with late events, refunds, foreign currencies
// and merges give the same figures from cells, from measure cells corrected for the
// customers touched since the night, from a scan, and by a naive recomputation.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "rapport/v1/event.pb.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"

namespace rapport::metrics {
namespace {

constexpr int kCustomers = 25;
constexpr TimeMicros kMinute = 60 * kMicrosPerSecond;
const TimeMicros kBegin = ParseTime("2024-01-20T00:00:00Z").value();
const TimeMicros kNow = ParseTime("2024-05-10T09:30:00Z").value();
const TimeMicros kSealed = ParseTime("2024-05-03T02:00:00Z").value();

EventColumns RandomEvent(std::mt19937& random, TimeMicros at) {
  static constexpr int kTypes[] = {
      10, 10, 10, 16, 30, 31, 33, 34,  37,  50,  51,  52,  54,  55,  57,  58,  60,  80,  81,  81,
      82, 83, 84, 85, 86, 87, 88, 100, 101, 102, 103, 104, 110, 110, 111, 112, 113, 120, 122, 123};
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  EventColumns event;
  event.time = at;
  event.type = static_cast<uint16_t>(kTypes[draw(0, static_cast<int>(std::size(kTypes)) - 1)]);
  event.channel = static_cast<uint8_t>(draw(0, 3));
  event.touchpoint_no = 0;
  if (event.type == 30) event.value = draw(0, 10), event.aux = 10;
  if (event.type == 31 || event.type == 33) event.value = draw(1, 5), event.aux = 5;
  if (event.type == 52) event.value = draw(0, 4000) * kMicrosPerSecond;
  if (event.type >= 80 && event.type <= 88) {
    static constexpr const char* kCurrencies[] = {"EUR", "EUR", "EUR", "USD", "GBP"};
    event.value = draw(1, 20'000) * int64_t{10'000} + draw(0, 9);
    event.currency = PackCurrency(kCurrencies[draw(0, 4)]).value();
  }
  if (event.type >= 84) event.aux = draw(1, 2);
  if (event.type >= 110 && event.type <= 113) event.value = draw(1, 4), event.aux = 0;
  return event;
}

// Bursts, so that sessions and pairs come about.
History RandomHistory(unsigned seed, const char* zone, WeekStart week_start) {
  std::mt19937 random(seed);
  const auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  History history(zone, week_start);
  for (int customer = 0; customer < kCustomers; ++customer) {
    TimeMicros at = kBegin + draw(0, 60LL * 24 * 60) * kMinute;
    while (at < kNow) {
      history.Add(Cat("c", customer), RandomEvent(random, at));
      at += draw(0, 3) > 0 ? draw(0, 45) * kMinute : draw(0, 20LL * 24 * 60) * kMinute;
    }
  }
  history.SetRates({{"USD", "2024-02-10", 920'000'000}, {"USD", "2024-03-20", 931'234'567}});
  history.SetReference("followers", {{"2024-02-01", 1000}, {"2024-04-01", 1500}});
  history.SetReference("reach", {{"2024-02-01", 100}, {"2024-04-11", 150}});
  history.SetReference("impressions", {{"2024-02-01", 700}, {"2024-04-11", 950}});
  for (int customer = 0; customer < kCustomers; customer += 2) {
    history.SetFact(Cat("c", customer), customer * 1.5);
  }
  history.SetAsOf("2024-05-10T09:30:00Z");
  history.scope();
  return history;
}

// What the night knew: nothing after it, late events missing, and a customer that was two.
History::Customers BeforeTheNight(const History& history, unsigned seed) {
  std::mt19937 random(seed);
  History::Customers before;
  for (const auto& [customer, events] : history.customers()) {
    for (const EventColumns& event : events) {
      const bool late = random() % 40 == 0;
      const bool other = customer.ends_with("3") && random() % 2 == 0;
      if (event.time > kSealed || late) continue;
      before[other ? Cat("merged-", customer) : customer].push_back(event);
    }
  }
  return before;
}

std::vector<v1::QueryMetricRequest> Requests(const std::string& metric) {
  std::vector<v1::QueryMetricRequest> requests;
  requests.push_back(Query(metric));
  requests.push_back(Query(metric, "2024-03-01", "2024-04-01"));
  requests.push_back(Query(metric, "2024-02-11", "2024-04-27"));
  requests.push_back(Query(metric, "2024-04-20", "2024-05-12", v1::GRANULARITY_DAY));
  requests.push_back(Query(metric, "2024-02-14", "2024-05-01", v1::GRANULARITY_WEEK));
  requests.push_back(Query(metric, "", "", v1::GRANULARITY_MONTH));
  requests.push_back(Query(metric, "2024-01-01", "2024-07-01", v1::GRANULARITY_QUARTER));
  requests.push_back(Query(metric, "2024-03-25", "2024-04-20", v1::GRANULARITY_DAY));
  requests.back().set_rolling_buckets(7);
  requests.push_back(Query(metric, "2024-04-01", "2024-05-01", v1::GRANULARITY_WEEK));
  requests.back().add_compare(v1::COMPARISON_PREVIOUS_PERIOD);
  return requests;
}

// Answers but for their plan, to the last bit.
bool Same(v1::QueryMetricResponse a, v1::QueryMetricResponse b, std::string& difference) {
  a.clear_plan();
  b.clear_plan();
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  return differencer.Compare(a, b);
}

class PlansTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(PlansTest, CellsMeasureCellsAndScanAgree) {
  const unsigned seed = GetParam();
  const char* zones[] = {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"};
  History history =
      RandomHistory(seed, zones[seed % 4], seed % 2 == 0 ? WeekStart::kMonday : WeekStart::kSunday);
  const History::Customers before = BeforeTheNight(history, seed);
  StoredMeasures stored;
  stored.has = [](std::string_view, std::string_view) { return true; };
  stored.as_of = kSealed;
  std::map<Plan, int> plans;
  for (const v1::MetricDefinition& definition : BuiltInDefinitions()) {
    for (v1::QueryMetricRequest request : Requests(definition.metric())) {
      const bool facts = definition.kind() == v1::METRIC_KIND_FACT_MEAN;
      if (facts && request.granularity() != v1::GRANULARITY_UNSPECIFIED) continue;
      for (const char* group : {"", "channel"}) {
        request.clear_group_by();
        if (*group != '\0') request.add_group_by(group);
        const auto query = history.Prepare(request);
        if (!query.ok()) continue;  // Kinds without groups.
        const Plan plan = query->Choose(stored).plan;
        ++plans[plan];
        if (plan == Plan::kScan) continue;
        const auto scanned = history.AskBy(Plan::kScan, request);
        const auto quick = plan == Plan::kCells ? history.AskBy(plan, request)
                                                : history.AskSince(kSealed, before, request);
        RAPPORT_ASSERT_OK(scanned);
        RAPPORT_ASSERT_OK(quick);
        std::string difference;
        ASSERT_TRUE(Same(*scanned, *quick, difference))
            << "seed " << seed << " " << request.DebugString() << difference;
      }
    }
  }
  EXPECT_GT(plans[Plan::kCells], 100);
  EXPECT_GT(plans[Plan::kMeasureCells], 100);
  EXPECT_GT(plans[Plan::kScan], 50);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlansTest, ::testing::Range(1U, 5U));

// --- A naive recomputation, by the definitions' words alone ------------------------------

struct Naive {
  const History& history;
  TimeMicros begin, end;

  using Events = std::vector<EventColumns>;
  int64_t Count(std::set<int> types) const {
    int64_t count = 0;
    for (const auto& [customer, events] : history.customers()) {
      for (const auto& event : events) {
        if (types.contains(event.type) && event.time >= begin && event.time < end) ++count;
      }
    }
    return count;
  }
  int64_t Customers(std::set<int> types, int64_t at_least) const {
    int64_t count = 0;
    for (const auto& [customer, events] : history.customers()) {
      count += std::count_if(events.begin(), events.end(),
                             [&](const EventColumns& event) {
                               return types.contains(event.type) && event.time >= begin &&
                                      event.time < end;
                             }) >= at_least
                   ? 1
                   : 0;
    }
    return count;
  }
  // EUR at 1, USD at the rate of the day in UTC; GBP left out.
  double Money(const EventColumns& event) const {
    const std::string currency = UnpackCurrency(event.currency);
    double rate = currency == "EUR" ? 1 : 0;
    if (currency == "USD" && event.time >= ParseTime("2024-02-10T00:00:00Z").value()) {
      rate = event.time >= ParseTime("2024-03-20T00:00:00Z").value() ? 0.931234567 : 0.92;
    }
    return rate * static_cast<double>(event.value) / 1e6;
  }
  double Sum(std::set<int> types) const {
    double sum = 0;
    for (const auto& [customer, events] : history.customers()) {
      for (const auto& event : events) {
        if (types.contains(event.type) && event.time >= begin && event.time < end) {
          sum += Money(event);
        }
      }
    }
    return sum;
  }
  // Every resolution, and whether the same ticket is reopened within 30 days.
  std::pair<int64_t, int64_t> Reopened() const {
    int64_t starts = 0, reached = 0;
    for (const auto& [customer, events] : history.customers()) {
      for (const auto& start : events) {
        if (start.type != v1::EVENT_TYPE_TICKET_RESOLVED) continue;
        if (start.time < begin || start.time >= end) continue;
        ++starts;
        reached += std::any_of(events.begin(), events.end(),
                               [&](const EventColumns& goal) {
                                 return goal.type == v1::EVENT_TYPE_TICKET_REOPENED &&
                                        goal.value == start.value && goal.time >= start.time &&
                                        goal.time - start.time <= 30 * kMicrosPerDay;
                               })
                       ? 1
                       : 0;
      }
    }
    return {reached, starts};
  }
  // Recurring revenue just before a moment.
  double Recurring(const Events& events, TimeMicros moment) const {
    std::map<int64_t, double> running;
    for (const EventColumns& event : events) {
      if (event.time >= moment) break;
      if (event.type == v1::EVENT_TYPE_SUBSCRIPTION_CANCELLED) {
        running.erase(event.aux);
      } else if (event.type == 84 || event.type == 85 ||
                 ((event.type == 86 || event.type == 87) && running.contains(event.aux))) {
        running[event.aux] = Money(event);
      }
    }
    double sum = 0;
    for (const auto& [id, money] : running) sum += money;
    return sum;
  }
};

TEST(Naive, RecomputationAgreesWithTheScan) {
  for (unsigned seed = 11; seed < 15; ++seed) {
    History history = RandomHistory(seed, "UTC", WeekStart::kMonday);
    const Naive naive{history, ParseTime("2024-02-14T00:00:00Z").value(),
                      ParseTime("2024-04-20T00:00:00Z").value()};
    const auto value = [&](const char* metric) {
      const auto answer = history.AskBy(Plan::kScan, Query(metric, "2024-02-14", "2024-04-20"));
      EXPECT_TRUE(answer.ok()) << answer.status();
      return answer->total().points(0).value();
    };
    const auto ratio = [](int64_t a, int64_t b) {
      return 100.0 * static_cast<double>(a) / static_cast<double>(b);
    };
    SCOPED_TRACE(seed);
    EXPECT_EQ(value("orders"), static_cast<double>(naive.Count({81, 83})));
    EXPECT_NEAR(value("revenue"), naive.Sum({81, 83}) - naive.Sum({82}), 1e-5);
    EXPECT_DOUBLE_EQ(value("email_open_rate"), ratio(naive.Count({16}), naive.Count({102})));
    EXPECT_EQ(value("purchasing_customers"), static_cast<double>(naive.Customers({81, 83}, 1)));
    EXPECT_DOUBLE_EQ(value("repeat_purchase_rate"),
                     ratio(naive.Customers({81, 83}, 2), naive.Customers({81, 83}, 1)));
    const auto [reached, starts] = naive.Reopened();
    EXPECT_DOUBLE_EQ(value("ticket_reopen_rate"), ratio(reached, starts));
    double start = 0, kept = 0, end = 0;
    for (const auto& [customer, events] : history.customers()) {
      const double first = naive.Recurring(events, naive.begin);
      const double last = naive.Recurring(events, naive.end);
      start += first;
      end += last;
      if (first > 0) kept += std::min(first, last);
    }
    EXPECT_NEAR(value("mrr"), end, 1e-5);
    EXPECT_NEAR(value("gross_revenue_retention"), 100 * kept / start, 1e-6);
  }
}

// Groups of disjoint kinds, and lists of customers, add up to the total.
TEST(Lists, CustomersAddUpToTheFigure) {
  History history = RandomHistory(21, "UTC", WeekStart::kMonday);
  for (const v1::MetricDefinition& definition : BuiltInDefinitions()) {
    const bool facts = definition.kind() == v1::METRIC_KIND_FACT_MEAN;
    v1::ListMetricCustomersRequest request;
    *request.mutable_query() =
        facts ? Query(definition.metric()) : Query(definition.metric(), "2024-02-14", "2024-04-20");
    const auto answer = history.AskBy(Plan::kScan, request.query());
    RAPPORT_ASSERT_OK(answer);
    const v1::MetricPoint& point = answer->total().points(0);
    for (const v1::MetricSide side : {v1::METRIC_SIDE_NUMERATOR, v1::METRIC_SIDE_DENOMINATOR}) {
      request.set_side(side);
      const auto listed = history.List(request);
      RAPPORT_ASSERT_OK(listed);
      double total = 0;
      for (const auto& [customer, share] : *listed) total += share;
      const bool numerator = side == v1::METRIC_SIDE_NUMERATOR;
      const double figure = numerator ? point.numerator() : point.denominator();
      const bool nothing =
          !numerator && (definition.kind() == v1::METRIC_KIND_REFERENCE_RATIO || figure == 1);
      if (nothing) continue;  // Not made of customers.
      EXPECT_EQ(total == 0, figure == 0) << definition.metric() << " " << side;
      if (figure == 0) continue;
      // Shares are in proportion: count, micros or converted micros.
      const double unit = total / figure;
      const bool known = std::abs(unit / 1 - 1) < 1e-8 || std::abs(unit / 1e6 - 1) < 1e-8 ||
                         std::abs(unit / 1e15 - 1) < 1e-8;
      const bool scaled = definition.kind() == v1::METRIC_KIND_CLV_SIMPLE ||
                          definition.kind() == v1::METRIC_KIND_STICKINESS ||
                          definition.metric() == "arr";
      EXPECT_TRUE(known || scaled) << definition.metric() << " " << side << " " << unit;
    }
  }
}

}  // namespace
}  // namespace rapport::metrics

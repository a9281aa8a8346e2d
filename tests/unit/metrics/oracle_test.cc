// SPDX-License-Identifier: Apache-2.0
// Every built-in metric by every plan against a naive recomputation (naive.h) over random
// histories with late events, duplicates, refunds, foreign currencies and merges.
#include <cmath>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "tests/support/matchers.h"
#include "tests/unit/metrics/history.h"
#include "tests/unit/metrics/naive.h"
#include "tests/unit/metrics/naive_history.h"

namespace rapport::metrics {
namespace {

struct Case {
  unsigned seed;
  naive::Zone zone;
  int churned_days;
};

// The history told to both sides.
class OracleTest : public ::testing::TestWithParam<Case> {
 protected:
  OracleTest()
      : history_(GetParam().zone == naive::Zone::kUtc ? "UTC" : "Europe/Berlin",
                 GetParam().seed % 2 == 0 ? WeekStart::kMonday : WeekStart::kSunday) {
    const uint16_t custom = history_.CustomType("tasted");
    const naive::RawHistory raw =
        naive::RandomHistory({GetParam().seed, custom, GetParam().zone, GetParam().churned_days});
    world_.people = raw.Now();
    before_ = raw.AtNight();
    sealed_ = raw.night;
    world_.zone = GetParam().zone;
    world_.as_of = raw.now;
    world_.churned_days = GetParam().churned_days;
    world_.base_currency = PackCurrency("EUR").value();
    for (const auto& [name, events] : world_.people) {
      for (const EventColumns& event : events) history_.Add(name, event);
    }
    v1::LifecycleRules rules;
    rules.set_churned_days(GetParam().churned_days);
    history_.SetRules(rules);
    history_.SetAsOf(FormatTime(raw.now));
    TellTables();
  }

  void TellTables() {
    const auto day = [](const char* date) { return int64_t{ParseDate(date).value()}; };
    history_.SetRates({{"USD", "2024-02-10", 920'000'000}, {"USD", "2024-03-20", 931'234'567}});
    const uint16_t dollar = PackCurrency("USD").value();
    world_.rates = {{dollar, day("2024-02-10"), 920'000'000},
                    {dollar, day("2024-03-20"), 931'234'567}};
    const std::map<std::string, std::vector<std::pair<std::string, double>>> series = {
        {"followers", {{"2024-02-01", 1000}, {"2024-04-01", 1500}}},
        {"reach", {{"2024-02-01", 100}, {"2024-04-11", 150}, {"2024-04-12", 70}}},
        {"impressions", {{"2024-02-01", 700}, {"2024-04-11", 950}}}};
    for (const auto& [name, points] : series) {
      history_.SetReference(name, points);
      for (const auto& [date, value] : points) world_.references[name][day(date.c_str())] = value;
    }
    double fact = 3.25;
    for (const auto& [name, events] : world_.people) {
      fact += 7.75;
      history_.SetFact(name, fact);
      world_.facts[name] = fact;
    }
  }

  naive::Window WindowOf(std::string_view start, std::string_view end, int rolling) const {
    naive::Window window;
    window.first_day = ParseDate(start).value() - (rolling > 1 ? rolling - 1 : 0);
    window.end_day = ParseDate(end).value();
    window.begin = naive::StartOf(world_.zone, window.first_day);
    window.end = naive::StartOf(world_.zone, window.end_day);
    return window;
  }

  // A point against what the oracle says of its window.
  void Check(const v1::MetricPoint& point, const naive::Window& window, const std::string& what) {
    const naive::Naive naive(world_, window);
    const naive::Figure figure = naive::Metrics().at(metric_)(naive);
    const std::string where = Cat(metric_, " ", what, " ", point.start_date(), " - ",
                                  point.end_date(), ", seed ", GetParam().seed);
    ASSERT_EQ(point.has_value(), figure.value.has_value()) << where;
    ASSERT_EQ(point.sample_size(), figure.sample) << where;
    ++checked_;
    if (!figure.value) return;
    if (figure.tolerance < 1e-14) {
      ASSERT_DOUBLE_EQ(point.value(), *figure.value) << where;
    } else {
      const double size = std::max(1.0, std::abs(*figure.value));
      ASSERT_NEAR(point.value(), *figure.value, figure.tolerance * size) << where;
    }
  }

  void CheckSeries(const v1::MetricSeries& series, int rolling, std::optional<int> channel,
                   const std::string& what) {
    for (const v1::MetricPoint& point : series.points()) {
      naive::Window window = WindowOf(point.start_date(), point.end_date(), rolling);
      window.channel = channel;
      Check(point, window, what);
      if (HasFatalFailure()) return;
    }
    if (!series.has_whole()) return;
    naive::Window window = WindowOf(series.whole().start_date(), series.whole().end_date(), 1);
    window.channel = channel;
    Check(series.whole(), window, Cat(what, " whole"));
  }

  void CheckAnswer(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& answer) {
    static const std::map<std::string, int> kChannels = {
        {"unknown", 0}, {"email", 1}, {"social", 2}, {"web", 3}};
    std::optional<int> channel;
    if (!request.filter().empty()) channel = 3;
    CheckSeries(answer.total(), request.rolling_buckets(), channel, answer.plan());
    for (const v1::MetricSeries& group : answer.groups()) {
      if (HasFatalFailure()) return;
      CheckSeries(group, request.rolling_buckets(), kChannels.at(group.group(0)),
                  Cat(answer.plan(), " ", group.group(0)));
    }
  }

  // The cheapest plan that can, and a scan.
  void AskEveryWay(const v1::QueryMetricRequest& request) {
    StoredMeasures stored;
    stored.has = [](std::string_view, std::string_view) { return true; };
    stored.as_of = sealed_;
    const auto query = history_.Prepare(request);
    RAPPORT_ASSERT_OK(query);
    const Plan plan = query->Choose(stored).plan;
    ++plans_[plan];
    const auto quick = plan == Plan::kMeasureCells ? history_.AskSince(sealed_, before_, request)
                                                   : history_.AskBy(plan, request);
    RAPPORT_ASSERT_OK(quick);
    CheckAnswer(request, *quick);
    if (plan == Plan::kScan || HasFatalFailure()) return;
    const auto scanned = history_.AskBy(Plan::kScan, request);
    RAPPORT_ASSERT_OK(scanned);
    CheckAnswer(request, *scanned);
  }

  std::vector<v1::QueryMetricRequest> Requests() const;

  History history_;
  naive::World world_;
  History::Customers before_;
  TimeMicros sealed_ = 0;
  std::string metric_;
  std::map<Plan, int> plans_;
  int checked_ = 0;
};

bool IsByChannel(const v1::MetricDefinition& definition) {
  const auto dimensions = DimensionsOf(definition);
  return std::find(dimensions.begin(), dimensions.end(), "channel") != dimensions.end();
}

std::vector<v1::QueryMetricRequest> OracleTest::Requests() const {
  std::vector<v1::QueryMetricRequest> requests = {Query(metric_)};
  const v1::MetricDefinition& definition = **Registry().Find(metric_);
  if (definition.kind() == v1::METRIC_KIND_FACT_MEAN) return requests;
  requests.push_back(Query(metric_, "2024-02-11", "2024-04-27"));
  requests.push_back(Query(metric_, "", "", v1::GRANULARITY_MONTH));
  requests.push_back(Query(metric_, "2024-02-14", "2024-05-13", v1::GRANULARITY_WEEK));
  requests.push_back(Query(metric_, "2024-03-29", "2024-04-06", v1::GRANULARITY_DAY));
  requests.push_back(Query(metric_, "2024-05-01", "2024-05-12", v1::GRANULARITY_DAY));
  requests.push_back(Query(metric_, "2024-03-25", "2024-04-03", v1::GRANULARITY_DAY));
  requests.back().set_rolling_buckets(7);
  requests.push_back(Query(metric_, "2024-01-01", "2024-07-01", v1::GRANULARITY_QUARTER));
  if (!IsByChannel(definition)) return requests;
  for (const size_t i : {2, 1}) {
    requests.push_back(requests[i]);
    requests.back().add_group_by("channel");
  }
  requests.push_back(requests[1]);
  requests.back().set_filter("channel = web");
  return requests;
}

TEST_P(OracleTest, EveryMetricByEveryPlan) {
  for (const v1::MetricDefinition& definition : BuiltInDefinitions()) {
    metric_ = definition.metric();
    ASSERT_TRUE(naive::Metrics().contains(metric_)) << metric_ << " has no recomputation";
    for (const v1::QueryMetricRequest& request : Requests()) {
      AskEveryWay(request);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_EQ(naive::Metrics().size(), BuiltInDefinitions().size());
  EXPECT_GT(plans_[Plan::kCells], 150);
  EXPECT_GT(plans_[Plan::kMeasureCells], 150);
  EXPECT_GT(plans_[Plan::kScan], 50);
  EXPECT_GT(checked_, 5000);
  RecordProperty("points", checked_);
}

INSTANTIATE_TEST_SUITE_P(Histories, OracleTest,
                         ::testing::Values(Case{31, naive::Zone::kUtc, 365},
                                           Case{32, naive::Zone::kBerlin, 20},
                                           Case{33, naive::Zone::kBerlin, 9}),
                         [](const auto& test) { return Cat("seed", test.param.seed); });

}  // namespace
}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
// Rates, reference series, goals, benchmarks and alerts through real stubs.
#include <chrono>
#include <limits>
#include <string>
#include <thread>

#include "lib/base/text.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::ReferenceService::Stub;
using grpc::StatusCode;
using ::testing::HasSubstr;

class ReferenceServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
  }
  Stub& stub() { return *stubs_->references; }

  grpc::Status ImportRate(const std::string& currency, const std::string& date, int64_t nanos,
                          v1::ExchangeRateTable* table) {
    v1::ImportExchangeRatesRequest request;
    request.set_parent(kShop);
    request.set_source("test");
    v1::ExchangeRate& rate = *request.add_rates();
    rate.set_currency(currency);
    rate.set_date(date);
    rate.set_rate_nanos(nanos);
    return Call(stub(), &Stub::ImportExchangeRates, request, table);
  }
  grpc::Status GetRates(int64_t version, v1::ExchangeRateTable* table) {
    v1::GetExchangeRatesRequest request;
    request.set_name(Cat(kShop, "/exchangeRates"));
    request.set_version(version);
    return Call(stub(), &Stub::GetExchangeRates, request, table);
  }
  grpc::Status ImportFollowers(const std::string& date, double value, v1::ReferenceSeries* out) {
    v1::ImportReferenceSeriesRequest request;
    request.set_parent(kShop);
    request.mutable_series()->set_series("followers");
    v1::ReferencePoint& point = *request.mutable_series()->add_points();
    point.set_date(date);
    point.set_value(value);
    return Call(stub(), &Stub::ImportReferenceSeries, request, out);
  }
  // Of 2026-02-01 to 2026-04-01; the clock stands at 2026-03-01T12:00Z.
  static v1::Goal OrdersGoal(const std::string& id = "orders-spring") {
    v1::Goal goal;
    goal.set_goal(id);
    goal.set_metric("orders");
    goal.set_target(10);
    goal.set_start_date("2026-02-01");
    goal.set_end_date("2026-04-01");
    return goal;
  }
  grpc::Status Create(const v1::Goal& goal, v1::Goal* out) {
    v1::CreateGoalRequest request;
    request.set_parent(kShop);
    *request.mutable_goal() = goal;
    return Call(stub(), &Stub::CreateGoal, request, out);
  }
  grpc::Status Update(const v1::Goal& goal, v1::Goal* out) {
    v1::UpdateGoalRequest request;
    *request.mutable_goal() = goal;
    return Call(stub(), &Stub::UpdateGoal, request, out);
  }
  v1::ListGoalsResponse Goals() {
    v1::ListGoalsRequest request;
    request.set_parent(kShop);
    v1::ListGoalsResponse response;
    EXPECT_THAT(Call(stub(), &Stub::ListGoals, request, &response), IsGrpcOk());
    return response;
  }
};

TEST_F(ReferenceServiceTest, RatesHaveVersionsThatOutliveTheServer) {
  v1::ExchangeRateTable table;
  ASSERT_THAT(GetRates(0, &table), IsGrpcOk());
  EXPECT_EQ(table.version(), 0);
  EXPECT_EQ(table.base_currency(), "EUR");
  ASSERT_THAT(ImportRate("USD", "2026-01-01", 920'000'000, &table), IsGrpcOk());
  EXPECT_EQ(table.name(), "workspaces/shop/exchangeRates");
  EXPECT_EQ(table.version(), 1);
  EXPECT_EQ(table.import_time().seconds(), kNow / kMicrosPerSecond);
  ASSERT_THAT(ImportRate("USD", "2026-01-01", 930'000'000, &table), IsGrpcOk());
  ASSERT_THAT(ImportRate("GBP", "2026-01-01", 1'150'000'000, &table), IsGrpcOk());
  EXPECT_EQ(table.version(), 3);
  EXPECT_EQ(table.rates_size(), 2);
  Start();
  ASSERT_THAT(GetRates(0, &table), IsGrpcOk());
  EXPECT_EQ(table.version(), 3);
  ASSERT_EQ(table.rates_size(), 2);
  EXPECT_EQ(table.rates(1).rate_nanos(), 930'000'000);
  ASSERT_THAT(GetRates(1, &table), IsGrpcOk());
  ASSERT_EQ(table.rates_size(), 1);
  EXPECT_EQ(table.rates(0).rate_nanos(), 920'000'000);
  EXPECT_THAT(GetRates(4, &table), FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(GetRates(-1, &table), RefusesField("version", "NEGATIVE"));
  EXPECT_THAT(ImportRate("EUR", "2026-01-01", 1, &table),
              RefusesField("rates[0].currency", "BASE_CURRENCY"));
  EXPECT_THAT(ImportRate("USD", "2026-02-30", 1, &table),
              RefusesField("rates[0].date", "BAD_DATE"));
}

TEST_F(ReferenceServiceTest, SeriesGrowByImports) {
  v1::ReferenceSeries series;
  ASSERT_THAT(ImportFollowers("2026-02-01", 10'000, &series), IsGrpcOk());
  ASSERT_THAT(ImportFollowers("2025-12-31", 9'000, &series), IsGrpcOk());
  EXPECT_EQ(series.name(), "workspaces/shop/referenceSeries/followers");
  ASSERT_EQ(series.points_size(), 2);
  EXPECT_EQ(series.points(0).date(), "2025-12-31");
  EXPECT_THAT(ImportFollowers("2026-02-01", -1, &series),
              RefusesField("series.points[0].value", "BAD_NUMBER"));
  Start();
  v1::ListReferenceSeriesRequest request;
  request.set_parent(kShop);
  v1::ListReferenceSeriesResponse response;
  ASSERT_THAT(Call(stub(), &Stub::ListReferenceSeries, request, &response), IsGrpcOk());
  ASSERT_EQ(response.series_size(), 1);
  EXPECT_EQ(response.series(0).points_size(), 2);
  EXPECT_EQ(response.series(0).points(1).value(), 10'000);
}

TEST_F(ReferenceServiceTest, GoalsStandWhereTheMetricStands) {
  Ingest({Order("e1", "c1", 10), Order("e2", "c2", 20), Order("e3", "c1", 30)});
  v1::Goal goal;
  ASSERT_THAT(Create(OrdersGoal(), &goal), IsGrpcOk());
  EXPECT_EQ(goal.name(), "workspaces/shop/goals/orders-spring");
  EXPECT_FALSE(goal.etag().empty());
  const v1::ListGoalsResponse goals = Goals();
  ASSERT_EQ(goals.goals_size(), 1);
  const v1::GoalAttainment& attainment = goals.goals(0);
  EXPECT_EQ(attainment.goal().name(), goal.name());
  EXPECT_EQ(attainment.current().value(), 3);
  EXPECT_DOUBLE_EQ(attainment.attainment(), 0.3);
  // 28.5 of 59 days are over: 3 orders make 6.2 by the end.
  EXPECT_NEAR(attainment.elapsed(), 28.5 / 59, 1e-12);
  EXPECT_NEAR(attainment.projection(), 3 / (28.5 / 59), 1e-9);
  EXPECT_FALSE(attainment.on_track());
  EXPECT_THAT(attainment.summary(), HasSubstr("Not on track"));
  EXPECT_EQ(goals.context().view(), v1::VIEW_LIVE);
}

TEST_F(ReferenceServiceTest, GoalsChangeByEtagAndOutliveTheServer) {
  v1::Goal goal, again;
  ASSERT_THAT(Create(OrdersGoal(), &goal), IsGrpcOk());
  EXPECT_THAT(Create(OrdersGoal(), &again),
              FailsWithCode(StatusCode::ALREADY_EXISTS, "RESOURCE_EXISTS"));
  v1::Goal changed = goal;
  changed.set_target(20);
  ASSERT_THAT(Update(changed, &again), IsGrpcOk());
  EXPECT_NE(again.etag(), goal.etag());
  EXPECT_THAT(Update(changed, &again), FailsWithCode(StatusCode::ABORTED, "ETAG_MISMATCH"));
  changed.clear_etag();
  changed.set_target(30);
  ASSERT_THAT(Update(changed, &again), IsGrpcOk()) << "without an etag, whatever is there";
  Start();
  const v1::ListGoalsResponse goals = Goals();
  ASSERT_EQ(goals.goals_size(), 1);
  EXPECT_EQ(goals.goals(0).goal().target(), 30);
  EXPECT_EQ(goals.goals(0).goal().etag(), again.etag());
  v1::DeleteGoalRequest removal;
  removal.set_name(goal.name());
  google::protobuf::Empty nothing;
  ASSERT_THAT(Call(stub(), &Stub::DeleteGoal, removal, &nothing), IsGrpcOk());
  EXPECT_THAT(Call(stub(), &Stub::DeleteGoal, removal, &nothing),
              FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Update(changed, &again), FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  EXPECT_EQ(Goals().goals_size(), 0);
}

TEST_F(ReferenceServiceTest, BadGoalsNameTheField) {
  v1::Goal out;
  v1::Goal goal = OrdersGoal();
  goal.set_metric("order");
  const grpc::Status unknown = Create(goal, &out);
  EXPECT_THAT(unknown, RefusesField("goal.metric", "UNKNOWN_METRIC"));
  EXPECT_THAT(unknown.error_message(), HasSubstr("orders"));
  goal = OrdersGoal();
  goal.set_filter("channel = ");
  const grpc::Status filter = Create(goal, &out);
  EXPECT_THAT(filter, RefusesField("goal.filter", "BAD_FILTER"));
  EXPECT_THAT(filter.error_message(), HasSubstr("position"));
  goal = OrdersGoal();
  goal.set_end_date("2026-02-01");
  EXPECT_THAT(Create(goal, &out), RefusesField("goal.end_date", "INVERTED_RANGE"));
  goal = OrdersGoal();
  goal.set_target(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(Create(goal, &out), RefusesField("goal.target", "BAD_NUMBER"));
  goal = OrdersGoal();
  goal.set_name("goals/x");
  EXPECT_THAT(Update(goal, &out), RefusesField("goal.name", "BAD_NAME"));
  goal.set_name("workspaces/shop/goals/other");
  EXPECT_THAT(Update(goal, &out), RefusesField("goal.goal", "CHANGED_ID"));
}

TEST_F(ReferenceServiceTest, BenchmarksAreReplacedBySet) {
  v1::ImportBenchmarksRequest request;
  request.set_parent(kShop);
  for (const auto& [percentile, value] : {std::pair(25.0, 10.0), std::pair(75.0, 50.0)}) {
    v1::Benchmark& benchmark = *request.add_benchmarks();
    benchmark.set_metric("nps");
    benchmark.set_industry("retail");
    benchmark.set_percentile(percentile);
    benchmark.set_value(value);
    benchmark.set_source("report");
    benchmark.set_date("2026-01-01");
  }
  v1::ImportBenchmarksResponse stored;
  ASSERT_THAT(Call(stub(), &Stub::ImportBenchmarks, request, &stored), IsGrpcOk());
  EXPECT_EQ(stored.stored_count(), 2);
  request.mutable_benchmarks()->RemoveLast();
  ASSERT_THAT(Call(stub(), &Stub::ImportBenchmarks, request, &stored), IsGrpcOk());
  EXPECT_EQ(stored.stored_count(), 1);
  Start();
  v1::ListBenchmarksRequest list;
  list.set_parent(kShop);
  v1::ListBenchmarksResponse response;
  ASSERT_THAT(Call(stub(), &Stub::ListBenchmarks, list, &response), IsGrpcOk());
  ASSERT_EQ(response.benchmarks_size(), 1);
  EXPECT_EQ(response.benchmarks(0).percentile(), 25);
  list.set_metric("csat");
  ASSERT_THAT(Call(stub(), &Stub::ListBenchmarks, list, &response), IsGrpcOk());
  EXPECT_EQ(response.benchmarks_size(), 0);
  request.mutable_benchmarks(0)->set_percentile(100);
  EXPECT_THAT(Call(stub(), &Stub::ImportBenchmarks, request, &stored),
              RefusesField("benchmarks[0].percentile", "OUT_OF_RANGE"));
  request.mutable_benchmarks(0)->set_metric("npss");
  EXPECT_THAT(Call(stub(), &Stub::ImportBenchmarks, request, &stored),
              RefusesField("benchmarks[0].metric", "UNKNOWN_METRIC"));
}

TEST_F(ReferenceServiceTest, AFigureShowsItsGoalAndItsStanding) {
  Ingest({Nps("e1", "c1", 10), Nps("e2", "c2", 9), Nps("e3", "c3", 8), Nps("e4", "c4", 3)});
  v1::Goal goal = OrdersGoal("nps-spring"), stored_goal;
  goal.set_metric("nps");
  goal.set_target(50);
  goal.set_baseline(0);
  ASSERT_THAT(Create(goal, &stored_goal), IsGrpcOk());
  v1::ImportBenchmarksRequest benchmarks;
  benchmarks.set_parent(kShop);
  for (const auto& [percentile, value] : {std::pair(10.0, 5.0), std::pair(50.0, 45.0)}) {
    v1::Benchmark& benchmark = *benchmarks.add_benchmarks();
    benchmark.set_metric("nps");
    benchmark.set_industry("retail");
    benchmark.set_percentile(percentile);
    benchmark.set_value(value);
    benchmark.set_source("report");
    benchmark.set_date("2026-01-01");
  }
  v1::ImportBenchmarksResponse stored;
  ASSERT_THAT(Call(stub(), &Stub::ImportBenchmarks, benchmarks, &stored), IsGrpcOk());
  v1::QueryMetricRequest request;
  request.set_parent(kShop);
  request.set_metric("nps");
  v1::QueryMetricResponse response;
  ASSERT_THAT(Call(*stubs_->metrics, &v1::MetricService::Stub::QueryMetric, request, &response),
              IsGrpcOk());
  EXPECT_EQ(response.goal().goal().goal(), "nps-spring");
  EXPECT_DOUBLE_EQ(response.goal().current().value(), 25) << "50 % promoters - 25 % detractors";
  EXPECT_DOUBLE_EQ(response.goal().attainment(), 0.5);
  ASSERT_EQ(response.benchmarks_size(), 1);
  EXPECT_DOUBLE_EQ(response.benchmarks(0).percentile(), 30) << "half way from 5 to 45";
  EXPECT_EQ(response.benchmarks(0).tier(), v1::BENCHMARK_TIER_EMERGING);
  request.set_filter("channel = web");
  ASSERT_THAT(Call(*stubs_->metrics, &v1::MetricService::Stub::QueryMetric, request, &response),
              IsGrpcOk());
  EXPECT_FALSE(response.has_goal()) << "the goal is for all channels";
}

TEST_F(ReferenceServiceTest, NoAlertsBeforeTheFirstNight) {
  v1::ListAlertsRequest request;
  request.set_parent(kShop);
  v1::ListAlertsResponse response;
  ASSERT_THAT(Call(stub(), &Stub::ListAlerts, request, &response), IsGrpcOk());
  EXPECT_EQ(response.alerts_size(), 0);
  request.set_page_token("x");
  EXPECT_THAT(Call(stub(), &Stub::ListAlerts, request, &response),
              RefusesField("page_token", "BAD_PAGE_TOKEN"));
}

TEST_F(ReferenceServiceTest, WatchingEndsWithTheDeadlineTheCallerOrTheServer) {
  v1::WatchAlertsRequest request;
  request.set_parent(kShop);
  v1::WatchAlertsResponse alert;
  {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
    const auto stream = stub().WatchAlerts(&context, request);
    EXPECT_FALSE(stream->Read(&alert));
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::DEADLINE_EXCEEDED);
  }
  {
    grpc::ClientContext context;
    const auto stream = stub().WatchAlerts(&context, request);
    context.TryCancel();
    EXPECT_FALSE(stream->Read(&alert));
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  }
  {
    // Initial metadata comes with the first message, so the stream is known to be open by
    // the refusal of another one after it.
    grpc::ClientContext context, second;
    const auto stream = stub().WatchAlerts(&context, request);
    request.set_after("workspaces/shop/alerts/revenue-2026-02-01");
    const auto refused = stub().WatchAlerts(&second, request);
    EXPECT_THAT(refused->Finish(), FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
    std::thread stopping([this] { server_->Shutdown(); });
    EXPECT_FALSE(stream->Read(&alert));
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::UNAVAILABLE);
    stopping.join();
  }
}

TEST_F(ReferenceServiceTest, WatchingChecksWhatItIsAsked) {
  const auto refusal = [&](const std::string& parent, const std::string& after) {
    v1::WatchAlertsRequest request;
    request.set_parent(parent);
    request.set_after(after);
    grpc::ClientContext context;
    return stub().WatchAlerts(&context, request)->Finish();
  };
  EXPECT_THAT(refusal("", ""), RefusesField("parent", "REQUIRED"));
  EXPECT_THAT(refusal("workspaces/none", ""),
              FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(refusal(kShop, "revenue"), RefusesField("after", "BAD_NAME"));
  EXPECT_THAT(refusal(kShop, "workspaces/other/alerts/revenue-2026-02-01"),
              RefusesField("after", "OTHER_WORKSPACE"));
}

}  // namespace
}  // namespace rapport::testing

// SPDX-License-Identifier: Apache-2.0
// MetricService before the first night: figures from the tail alone, definitions, lists of
// customers, explanations, streaming, and what bad queries are told.
#include <map>
#include <set>

#include "rapport/v1/metric_service.grpc.pb.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using v1::MetricService;

class MetricServiceTest : public ServerTest {
 protected:
  MetricServiceTest() {
    Start();
    CreateWorkspace("shop");
    std::vector<v1::Event> events;
    const auto add = [&](v1::Event event, v1::Channel channel) {
      event.set_channel(channel);
      events.push_back(std::move(event));
    };
    add(Order("o1", "ann", 10), v1::CHANNEL_WEB);
    add(Order("o2", "ann", 30), v1::CHANNEL_EMAIL);
    add(Order("o3", "bob", 60), v1::CHANNEL_WEB);
    add(PageView("p1", "ann"), v1::CHANNEL_WEB);
    add(PageView("p2", "cid"), v1::CHANNEL_WEB);
    add(Nps("n1", "ann", 10), v1::CHANNEL_EMAIL);
    add(Nps("n2", "bob", 3), v1::CHANNEL_WEB);
    Ingest(events);
  }

  v1::QueryMetricRequest Ask(const std::string& metric) const {
    v1::QueryMetricRequest request;
    request.set_parent(kShop);
    request.set_metric(metric);
    return request;
  }
  v1::QueryMetricResponse Query(const v1::QueryMetricRequest& request) {
    v1::QueryMetricResponse response;
    EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::QueryMetric, request, &response),
                IsGrpcOk());
    return response;
  }
  double Value(const v1::QueryMetricRequest& request) {
    const v1::QueryMetricResponse response = Query(request);
    EXPECT_EQ(response.total().points_size(), 1);
    return response.total().points_size() == 1 ? response.total().points(0).value() : -1;
  }
  v1::MetricDefinition BigOrders() const {
    v1::MetricDefinition definition;
    definition.set_metric("big_orders");
    definition.set_display_name("Big orders");
    definition.set_formula("orders above 20");
    definition.set_kind(v1::METRIC_KIND_COUNT);
    definition.add_numerator(v1::EVENT_TYPE_ORDER_PLACED);
    definition.set_numerator_filter("value > 20");
    definition.set_unit(v1::METRIC_UNIT_COUNT);
    definition.set_sample_unit("orders");
    definition.set_minimum_sample(1);
    definition.set_direction(v1::DIRECTION_HIGHER);
    definition.set_source("our own");
    return definition;
  }
};

TEST_F(MetricServiceTest, CellsAndScansAgree) {
  v1::QueryMetricRequest request = Ask("revenue");
  EXPECT_EQ(Value(request), 100);
  EXPECT_TRUE(Query(request).plan().starts_with("cells")) << Query(request).plan();
  request.set_filter("channel = web");
  EXPECT_EQ(Value(request), 70);
  request.set_filter("channel = web AND value > 20");
  EXPECT_EQ(Value(request), 60);
  EXPECT_TRUE(Query(request).plan().starts_with("scan")) << Query(request).plan();
}

TEST_F(MetricServiceTest, GroupsAddUpToTheTotal) {
  v1::QueryMetricRequest request = Ask("orders");
  request.add_group_by("channel");
  const v1::QueryMetricResponse response = Query(request);
  std::map<std::string, double> groups;
  for (const auto& series : response.groups()) groups[series.group(0)] = series.points(0).value();
  EXPECT_EQ(groups, (std::map<std::string, double>{{"email", 1}, {"web", 2}}));
  EXPECT_EQ(response.total().points(0).value(), 3);
}

TEST_F(MetricServiceTest, ListsTheCustomersBehindAFigurePageByPage) {
  v1::ListMetricCustomersRequest request;
  *request.mutable_query() = Ask("revenue");
  request.set_page_size(1);
  std::map<std::string, double> shares;
  for (int page = 0; page < 5; ++page) {
    v1::ListMetricCustomersResponse response;
    ASSERT_THAT(
        Call(*stubs_->metrics, &MetricService::Stub::ListMetricCustomers, request, &response),
        IsGrpcOk());
    EXPECT_EQ(response.total_size(), 2);
    EXPECT_EQ(response.total(), 100);
    for (const auto& customer : response.customers())
      shares[customer.customer()] = customer.share();
    request.set_page_token(response.next_page_token());
    if (request.page_token().empty()) break;
  }
  EXPECT_EQ(shares, (std::map<std::string, double>{{"workspaces/shop/customers/ann", 40},
                                                   {"workspaces/shop/customers/bob", 60}}));
}

TEST_F(MetricServiceTest, ListsOneGroup) {
  v1::ListMetricCustomersRequest request;
  *request.mutable_query() = Ask("revenue");
  request.mutable_query()->add_group_by("channel");
  request.add_group("email");
  v1::ListMetricCustomersResponse response;
  ASSERT_THAT(Call(*stubs_->metrics, &MetricService::Stub::ListMetricCustomers, request, &response),
              IsGrpcOk());
  ASSERT_EQ(response.customers_size(), 1);
  EXPECT_EQ(response.customers(0).share(), 30);
  EXPECT_EQ(response.total(), 30);
}

TEST_F(MetricServiceTest, DefinitionsOfTheWorkspaceComeAndGo) {
  v1::CreateMetricDefinitionRequest create;
  create.set_parent(kShop);
  *create.mutable_definition() = BigOrders();
  v1::MetricDefinition stored;
  ASSERT_THAT(Call(*stubs_->metrics, &MetricService::Stub::CreateMetricDefinition, create, &stored),
              IsGrpcOk());
  EXPECT_EQ(stored.name(), "workspaces/shop/metrics/big_orders");
  EXPECT_TRUE(stored.custom());
  EXPECT_FALSE(stored.etag().empty());
  EXPECT_EQ(Value(Ask("big_orders")), 2);
  v1::MetricDefinition again;
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::CreateMetricDefinition, create, &again),
              FailsWithCode(grpc::StatusCode::ALREADY_EXISTS, "RESOURCE_EXISTS"));

  v1::UpdateMetricDefinitionRequest update;
  *update.mutable_definition() = stored;
  update.mutable_definition()->set_numerator_filter("value > 50");
  v1::MetricDefinition changed;
  ASSERT_THAT(
      Call(*stubs_->metrics, &MetricService::Stub::UpdateMetricDefinition, update, &changed),
      IsGrpcOk());
  EXPECT_NE(changed.etag(), stored.etag());
  EXPECT_EQ(Value(Ask("big_orders")), 1);
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::UpdateMetricDefinition, update, &again),
              FailsWithCode(grpc::StatusCode::ABORTED, "ETAG_MISMATCH"));

  Stop();
  Start();
  EXPECT_EQ(Value(Ask("big_orders")), 1);
  v1::DeleteMetricDefinitionRequest gone;
  gone.set_name(stored.name());
  google::protobuf::Empty empty;
  ASSERT_THAT(Call(*stubs_->metrics, &MetricService::Stub::DeleteMetricDefinition, gone, &empty),
              IsGrpcOk());
  v1::GetMetricDefinitionRequest get;
  get.set_name(stored.name());
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::GetMetricDefinition, get, &again),
              FailsWithCode(grpc::StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
}

TEST_F(MetricServiceTest, BuiltInDefinitionsStay) {
  v1::DeleteMetricDefinitionRequest gone;
  gone.set_name("workspaces/shop/metrics/nps");
  google::protobuf::Empty empty;
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::DeleteMetricDefinition, gone, &empty),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "BUILT_IN_METRIC"));
  v1::CreateMetricDefinitionRequest create;
  create.set_parent(kShop);
  *create.mutable_definition() = BigOrders();
  create.mutable_definition()->set_metric("nps");
  v1::MetricDefinition stored;
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::CreateMetricDefinition, create, &stored),
              RefusesField("definition.metric", "BUILT_IN_METRIC"));
}

TEST_F(MetricServiceTest, StreamsTheHeadAndThenGroups) {
  v1::StreamMetricRequest request;
  *request.mutable_query() = Ask("orders");
  request.mutable_query()->add_group_by("channel");
  grpc::ClientContext context;
  const auto reader = stubs_->metrics->StreamMetric(&context, request);
  v1::StreamMetricResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.part().total().points(0).value(), 3);
  EXPECT_EQ(response.part().groups_size(), 0);
  double sum = 0;
  while (reader->Read(&response)) {
    for (const auto& series : response.part().groups()) sum += series.points(0).value();
  }
  EXPECT_THAT(reader->Finish(), IsGrpcOk());
  EXPECT_EQ(sum, 3);
}

TEST_F(MetricServiceTest, StreamRefusesWhatQueriesRefuse) {
  v1::StreamMetricRequest request;
  *request.mutable_query() = Ask("no_such_metric");
  grpc::ClientContext context;
  const auto reader = stubs_->metrics->StreamMetric(&context, request);
  v1::StreamMetricResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_THAT(reader->Finish(), RefusesField("metric", "UNKNOWN_METRIC"));
}

TEST_F(MetricServiceTest, ExplainsWhatMoved) {
  v1::ExplainChangeRequest request;
  request.set_parent(kShop);
  request.set_metric("orders");
  request.set_start_date("2026-03-01");
  request.set_end_date("2026-03-02");
  request.add_dimensions("channel");
  v1::ExplainChangeResponse response;
  ASSERT_THAT(Call(*stubs_->metrics, &MetricService::Stub::ExplainChange, request, &response),
              IsGrpcOk());
  EXPECT_EQ(response.after().value(), 3);
  EXPECT_EQ(response.difference().change(), 3);
  ASSERT_EQ(response.explanations_size(), 1);
  double effects = 0;
  for (const auto& one : response.explanations(0).contributions()) effects += one.total_effect();
  EXPECT_DOUBLE_EQ(effects, 3);
}

struct BadQuery {
  const char* name;
  void (*change)(v1::QueryMetricRequest&);
  const char* field;
  const char* reason;
  const char* hint;
};
const BadQuery kBadQueries[] = {
    {"no metric", [](auto& q) { q.clear_metric(); }, "metric", "REQUIRED", ""},
    {"unknown metric", [](auto& q) { q.set_metric("ordres"); }, "metric", "UNKNOWN_METRIC",
     "orders"},
    {"bad date", [](auto& q) { q.set_start_date("2026-02-30"); }, "start_date", "BAD_DATE", ""},
    {"inverted",
     [](auto& q) {
       q.set_start_date("2026-03-02");
       q.set_end_date("2026-03-01");
     },
     "end_date", "INVERTED_RANGE", ""},
    {"too many buckets",
     [](auto& q) {
       q.set_start_date("1990-01-01");
       q.set_end_date("2026-01-01");
       q.set_granularity(v1::GRANULARITY_DAY);
     },
     "granularity", "TOO_MANY_BUCKETS", ""},
    {"unknown field", [](auto& q) { q.set_filter("chanel = web"); }, "filter", "UNKNOWN_FIELD",
     "channel"},
    {"bad filter", [](auto& q) { q.set_filter("channel = "); }, "filter", "BAD_FILTER", "position"},
    {"unknown dimension", [](auto& q) { q.add_group_by("chanel"); }, "group_by[0]",
     "UNKNOWN_DIMENSION", "channel"},
    {"too many dimensions",
     [](auto& q) {
       for (const char* by : {"channel", "touchpoint", "campaign", "type"}) q.add_group_by(by);
     },
     "group_by", "TOO_MANY_DIMENSIONS", ""},
    {"twice the same",
     [](auto& q) {
       q.add_group_by("channel");
       q.add_group_by("channel");
     },
     "group_by[1]", "DUPLICATE_DIMENSION", ""},
};

TEST_F(MetricServiceTest, BadQueriesAreToldWhatIsWrong) {
  for (const BadQuery& bad : kBadQueries) {
    SCOPED_TRACE(bad.name);
    v1::QueryMetricRequest request = Ask("orders");
    bad.change(request);
    v1::QueryMetricResponse response;
    const grpc::Status status =
        Call(*stubs_->metrics, &MetricService::Stub::QueryMetric, request, &response);
    EXPECT_THAT(status, RefusesField(bad.field, bad.reason));
    EXPECT_THAT(status.error_message(), ::testing::HasSubstr(bad.hint));
  }
}

// The report is a bundle of queries: the same figures as asked for one by one.
TEST_F(MetricServiceTest, NpsReportIsWhatQueriesAnswer) {
  v1::GetNpsReportRequest request;
  request.set_parent(kShop);
  v1::NpsReport report;
  ASSERT_THAT(Call(*stubs_->metrics, &MetricService::Stub::GetNpsReport, request, &report),
              IsGrpcOk());
  EXPECT_DOUBLE_EQ(report.score(), 0);  // One promoter, one detractor.
  v1::QueryMetricRequest months = Ask("nps");
  months.set_granularity(v1::GRANULARITY_MONTH);
  const v1::QueryMetricResponse total = Query(months);
  ASSERT_EQ(report.monthly_size(), total.total().points_size());
  EXPECT_EQ(report.monthly(0).DebugString(), total.total().points(0).DebugString());
  EXPECT_EQ(report.context().end_date(), total.context().end_date());
  v1::QueryMetricRequest by_channel = Ask("nps");
  by_channel.set_start_date(total.context().start_date());
  by_channel.set_end_date(total.context().end_date());
  by_channel.add_group_by("channel");
  const v1::QueryMetricResponse channels = Query(by_channel);
  ASSERT_EQ(report.by_channel_size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(report.by_channel(i).DebugString(), channels.groups(i).DebugString());
  }
  EXPECT_EQ(report.follow_up().sample_size(), 1);
  EXPECT_EQ(report.follow_up().value(), 0);
  request.set_end_date("soon");
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::GetNpsReport, request, &report),
              RefusesField("end_date", "BAD_DATE"));
  request.set_start_date("2026-02-01");
  request.set_end_date("2026-02-01");
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::GetNpsReport, request, &report),
              RefusesField("end_date", "INVERTED_RANGE"));
}

TEST_F(MetricServiceTest, NightlyNeedsAGeneration) {
  v1::QueryMetricRequest request = Ask("orders");
  request.set_view(v1::VIEW_NIGHTLY);
  v1::QueryMetricResponse response;
  EXPECT_THAT(Call(*stubs_->metrics, &MetricService::Stub::QueryMetric, request, &response),
              FailsWithCode(grpc::StatusCode::FAILED_PRECONDITION, "NO_GENERATION"));
}

}  // namespace
}  // namespace rapport::testing

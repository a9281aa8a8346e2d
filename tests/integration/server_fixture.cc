// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/server_fixture.h"

#include <grpcpp/create_channel.h>
#include <stdlib.h>

#include <filesystem>

#include "lib/base/text.h"
#include "rapport/v1/error_details.pb.h"
#include "tests/support/matchers.h"

namespace rapport::testing {

RpcError Decode(const grpc::Status& status) {
  RpcError error;
  error.code = status.error_code();
  v1::ErrorStatus details;
  if (!details.ParseFromString(status.error_details())) return error;
  for (const auto& any : details.details()) {
    v1::ErrorInfo reason;
    v1::BadRequest request;
    v1::ResourceInfo resource;
    if (any.type_url() == "type.googleapis.com/google.rpc.ErrorInfo" &&
        reason.ParseFromString(any.value())) {
      error.reason = reason.reason();
      error.request_id = reason.metadata().at("request_id");
    }
    if (any.type_url() == "type.googleapis.com/google.rpc.BadRequest" &&
        request.ParseFromString(any.value()) && request.field_violations_size() == 1) {
      error.field = request.field_violations(0).field();
    }
    if (any.type_url() == "type.googleapis.com/google.rpc.ResourceInfo" &&
        resource.ParseFromString(any.value())) {
      error.resource = resource.resource_name();
    }
  }
  return error;
}

Stubs::Stubs(const std::shared_ptr<grpc::Channel>& channel)
    : admin(v1::AdminService::NewStub(channel)),
      events(v1::EventService::NewStub(channel)),
      customers(v1::CustomerService::NewStub(channel)),
      metrics(v1::MetricService::NewStub(channel)),
      references(v1::ReferenceService::NewStub(channel)),
      values(v1::ValueService::NewStub(channel)),
      cohorts(v1::CohortService::NewStub(channel)) {}

ServerTest::ServerTest() {
  std::string pattern = Cat(::testing::TempDir(), "/rapport-XXXXXX");
  folder_ = mkdtemp(pattern.data());
  config_.set_data_dir(folder_ + "/data");
  config_.add_listen("127.0.0.1:0");
  config_.set_metrics_listen("");
  config_.set_insecure(true);
  config_.set_sync(store::v1::SYNC_MODE_PROCESS_CRASH);
  config_.set_cache_mb(8);
  config_.set_drain_seconds(2);
}

ServerTest::~ServerTest() {
  Stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ServerTest::Start() {
  Stop();
  auto server = server::Server::Start({.config = config_, .clock = &clock_});
  RAPPORT_ASSERT_OK(server);
  server_ = *std::move(server);
  stubs_ = std::make_unique<Stubs>(Connect());
}

void ServerTest::Stop() {
  stubs_.reset();
  server_.reset();
}

std::shared_ptr<grpc::Channel> ServerTest::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(Cat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials(), arguments);
}

void ServerTest::CreateWorkspace(const std::string& id) {
  v1::CreateWorkspaceRequest request;
  request.set_workspace_id(id);
  v1::Workspace response;
  ASSERT_THAT(Call(*stubs_->admin, &v1::AdminService::Stub::CreateWorkspace, request, &response),
              IsGrpcOk());
}

void ServerTest::Ingest(const std::vector<v1::Event>& events) {
  v1::IngestEventsRequest request;
  request.set_parent(kShop);
  for (const v1::Event& event : events) *request.add_events() = event;
  v1::IngestEventsResponse response;
  ASSERT_THAT(Call(*stubs_->events, &v1::EventService::Stub::IngestEvents, request, &response),
              IsGrpcOk());
  ASSERT_EQ(response.accepted_count(), static_cast<int64_t>(events.size()))
      << response.DebugString();
}

v1::Event ServerTest::PageView(const std::string& event_id, const std::string& customer) const {
  v1::Event event;
  event.set_event_id(event_id);
  event.set_customer_id(customer);
  event.set_type(v1::EVENT_TYPE_PAGE_VIEWED);
  event.mutable_event_time()->set_seconds(clock_.Now() / kMicrosPerSecond);
  return event;
}

v1::Event ServerTest::Order(const std::string& event_id, const std::string& customer,
                            int64_t euros) const {
  v1::Event event = PageView(event_id, customer);
  event.set_type(v1::EVENT_TYPE_ORDER_PLACED);
  event.mutable_order()->mutable_amount()->set_micros(euros * 1'000'000);
  event.mutable_order()->mutable_amount()->set_currency("EUR");
  return event;
}

v1::Event ServerTest::Nps(const std::string& event_id, const std::string& customer,
                          int score) const {
  v1::Event event = PageView(event_id, customer);
  event.set_type(v1::EVENT_TYPE_NPS_ANSWERED);
  event.mutable_survey_answer()->set_score(score);
  return event;
}

v1::Customer ServerTest::GetCustomer(const std::string& name) {
  v1::GetCustomerRequest request;
  request.set_name(name);
  v1::Customer customer;
  EXPECT_THAT(Call(*stubs_->customers, &v1::CustomerService::Stub::GetCustomer, request, &customer),
              IsGrpcOk());
  return customer;
}

}  // namespace rapport::testing

// SPDX-License-Identifier: Apache-2.0
// A server in this process on a folder of its own, with real client stubs over TCP.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/clock.h"
#include "rapport/v1/admin_service.grpc.pb.h"
#include "rapport/v1/cohort_service.grpc.pb.h"
#include "rapport/v1/customer_service.grpc.pb.h"
#include "rapport/v1/event_service.grpc.pb.h"
#include "rapport/v1/metric_service.grpc.pb.h"
#include "rapport/v1/reference_service.grpc.pb.h"
#include "rapport/v1/value_service.grpc.pb.h"
#include "server/server.h"

namespace rapport::testing {

// What a client reads from `grpc-status-details-bin`.
struct RpcError {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string reason;
  std::string field;
  std::string resource;
  std::string request_id;
};
RpcError Decode(const grpc::Status& status);

MATCHER_P2(FailsWithCode, code, reason, "is an error of that code and reason") {
  const RpcError error = Decode(arg);
  *result_listener << arg.error_code() << " " << error.reason << " " << error.field << ": "
                   << arg.error_message();
  return arg.error_code() == code && error.reason == reason;
}
MATCHER_P2(RefusesField, field, reason, "is INVALID_ARGUMENT for that field") {
  const RpcError error = Decode(arg);
  *result_listener << arg.error_code() << " " << error.reason << " " << error.field << ": "
                   << arg.error_message();
  return arg.error_code() == grpc::StatusCode::INVALID_ARGUMENT && error.reason == reason &&
         error.field == field;
}
MATCHER(IsGrpcOk, "is OK") {
  *result_listener << arg.error_code() << ": " << arg.error_message();
  return arg.ok();
}

// The stubs of all services over one channel.
struct Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel);
  std::unique_ptr<v1::AdminService::Stub> admin;
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::CustomerService::Stub> customers;
  std::unique_ptr<v1::MetricService::Stub> metrics;
  std::unique_ptr<v1::ReferenceService::Stub> references;
  std::unique_ptr<v1::ValueService::Stub> values;
  std::unique_ptr<v1::CohortService::Stub> cohorts;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest();
  ~ServerTest() override;

  // Starts (again) on the same folder with `config_` and connects `stubs_`.
  void Start();
  void Stop();
  // A channel with a connection of its own.
  std::shared_ptr<grpc::Channel> Connect() const;

  void CreateWorkspace(const std::string& id);
  // Stores the events in `workspaces/shop` and expects that all are accepted.
  void Ingest(const std::vector<v1::Event>& events);
  v1::Event Order(const std::string& event_id, const std::string& customer, int64_t euros) const;
  v1::Event Nps(const std::string& event_id, const std::string& customer, int score) const;
  v1::Event PageView(const std::string& event_id, const std::string& customer) const;
  v1::Customer GetCustomer(const std::string& name);
  // Calls a unary method of a stub and answers its status.
  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    return (stub.*method)(&context, request, response);
  }

  // 2026-03-01T12:00:00Z.
  static constexpr TimeMicros kNow = 1'772'366'400 * kMicrosPerSecond;
  FakeClock clock_{kNow};
  std::string folder_;
  server::Config config_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<Stubs> stubs_;
};

inline constexpr char kShop[] = "workspaces/shop";

}  // namespace rapport::testing

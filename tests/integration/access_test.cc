// SPDX-License-Identifier: Apache-2.0
// Who may call what, over which transport: roles, TLS, unix socket, reflection, drain.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "google/protobuf/descriptor.h"
#include "lib/base/text.h"
#include "server/auth.h"
#include "server/methods.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using grpc::StatusCode;
using server::Role;

std::string HexHash(const std::string& token) {
  const server::TokenHash hash = server::HashToken(token);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class AccessTest : public ServerTest {
 protected:
  void UseTokens() {
    config_.set_insecure(false);
    for (const Role role : {Role::kReader, Role::kWriter, Role::kAdmin}) {
      auto* token = config_.add_tokens();
      token->set_sha256(HexHash(Cat("secret-", server::RoleName(role))));
      token->set_role(std::string(server::RoleName(role)));
    }
  }
  // Calls any method by name with an empty request; as `role`, kNone without a token.
  grpc::Status CallEmpty(const std::string& path, Role role) {
    std::string response;
    return CallRaw(path, role, "", &response);
  }
  grpc::Status CallRaw(const std::string& path, Role role, const std::string& sent,
                       std::string* received) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    if (role != Role::kNone) {
      context.AddMetadata("authorization", Cat("Bearer secret-", server::RoleName(role)));
    }
    const grpc::Slice slice(sent);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(&context, path, request, &queue);
    grpc::ByteBuffer response;
    grpc::Status status;
    void* tag = nullptr;
    bool ok = false;
    call->StartCall();
    call->Finish(&response, &status, &tag);
    queue.Next(&tag, &ok);
    grpc::Slice whole;
    if (response.Valid() && response.DumpToSingleSlice(&whole).ok()) {
      received->assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
    }
    return status;
  }
  std::shared_ptr<grpc::Channel> channel_;
};

// Every rpc x every role: the right denial, and beyond it something else.
TEST_F(AccessTest, EveryMethodAsksForItsRole) {
  UseTokens();
  Start();
  channel_ = Connect();
  for (const server::MethodPolicy& policy : server::kMethods) {
    std::string path = Cat("/rapport.v1.", policy.method);
    path[path.rfind('.')] = '/';
    for (const Role role : {Role::kNone, Role::kReader, Role::kWriter, Role::kAdmin}) {
      const grpc::Status status = CallEmpty(path, role);
      if (role == Role::kNone) {
        EXPECT_THAT(status, FailsWithCode(StatusCode::UNAUTHENTICATED, "UNAUTHENTICATED")) << path;
      } else if (role < policy.role) {
        EXPECT_THAT(status, FailsWithCode(StatusCode::PERMISSION_DENIED, "ROLE_TOO_LOW")) << path;
      } else {
        EXPECT_NE(status.error_code(), StatusCode::UNAUTHENTICATED) << path;
        EXPECT_NE(status.error_code(), StatusCode::PERMISSION_DENIED) << path;
        EXPECT_NE(status.error_code(), StatusCode::UNIMPLEMENTED) << path;
      }
    }
  }
}

// In bytes, as the protos of both services are not installed.
TEST_F(AccessTest, ReflectionAndHealthAnswerWithoutAToken) {
  UseTokens();
  Start();
  channel_ = Connect();
  std::string received;
  // ServerReflectionRequest{list_services: "*"}
  ASSERT_THAT(CallRaw("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role::kNone,
                      "\x3A\x01*", &received),
              IsGrpcOk());
  for (const std::string service :
       {"Event", "Customer", "Metric", "Reference", "Value", "Cohort", "Admin"}) {
    EXPECT_NE(received.find(Cat("rapport.v1.", service, "Service")), std::string::npos) << service;
  }
  // HealthCheckResponse{status: SERVING}
  ASSERT_THAT(CallRaw("/grpc.health.v1.Health/Check", Role::kNone, "", &received), IsGrpcOk());
  EXPECT_EQ(received, "\x08\x01");
}

TEST_F(AccessTest, InsecureIsRefusedWhereOthersReach) {
  config_.set_listen(0, "0.0.0.0:0");
  const auto server = server::Server::Start({.config = config_, .clock = &clock_});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(AccessTest, TwoServersDoNotShareAStoreOrAPort) {
  Start();
  server::Config second = config_;
  EXPECT_FALSE(server::Server::Start({.config = second, .clock = &clock_}).ok());
  second.set_data_dir(folder_ + "/other");
  second.set_listen(0, Cat("127.0.0.1:", server_->port()));
  EXPECT_EQ(server::Server::Start({.config = second, .clock = &clock_}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(AccessTest, UnixSocketServesTheSame) {
  config_.set_unix_socket(folder_ + "/socket");
  Start();
  CreateWorkspace("shop");
  Stubs stubs(
      grpc::CreateChannel(Cat("unix:", config_.unix_socket()), grpc::InsecureChannelCredentials()));
  v1::GetWorkspaceRequest request;
  request.set_name(kShop);
  v1::Workspace workspace;
  EXPECT_THAT(Call(*stubs.admin, &v1::AdminService::Stub::GetWorkspace, request, &workspace),
              IsGrpcOk());
}

TEST_F(AccessTest, TlsServesOnlyThoseWhoSpeakIt) {
  const std::string key = folder_ + "/key.pem";
  const std::string cert = folder_ + "/cert.pem";
  const std::string command =
      Cat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 ",
          "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ", key, " -out ", cert,
          " 2>/dev/null");
  ASSERT_EQ(std::system(command.c_str()), 0);
  config_.set_tls_cert(cert);
  config_.set_tls_key(key);
  Start();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadFile(cert);
  Stubs trusting(
      grpc::CreateChannel(Cat("localhost:", server_->port()), grpc::SslCredentials(options)));
  v1::ListWorkspacesResponse response;
  EXPECT_THAT(Call(*trusting.admin, &v1::AdminService::Stub::ListWorkspaces,
                   v1::ListWorkspacesRequest(), &response),
              IsGrpcOk());
  grpc::ClientContext context;  // `stubs_` speaks plain text.
  EXPECT_EQ(stubs_->admin->ListWorkspaces(&context, {}, &response).error_code(),
            StatusCode::UNAVAILABLE);
  // With an authority for clients, one without a certificate is turned away.
  config_.set_tls_client_ca(cert);
  Start();
  options.pem_cert_chain = ReadFile(cert);
  options.pem_private_key = ReadFile(key);
  Stubs known(
      grpc::CreateChannel(Cat("localhost:", server_->port()), grpc::SslCredentials(options)));
  EXPECT_THAT(Call(*known.admin, &v1::AdminService::Stub::ListWorkspaces,
                   v1::ListWorkspacesRequest(), &response),
              IsGrpcOk());
  config_.set_tls_cert(folder_ + "/absent.pem");
  Stop();
  EXPECT_EQ(server::Server::Start({.config = config_, .clock = &clock_}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AccessTest, RequestIdComesBackWithErrors) {
  Start();
  grpc::ClientContext context;
  context.AddMetadata("x-request-id", "trace-17");
  v1::GetWorkspaceRequest request;
  request.set_name("workspaces/none");
  v1::Workspace workspace;
  const grpc::Status status = stubs_->admin->GetWorkspace(&context, request, &workspace);
  EXPECT_EQ(Decode(status).request_id, "trace-17");
  EXPECT_EQ(context.GetServerTrailingMetadata().count("x-request-id"), 1u);
}

TEST_F(AccessTest, PassedDeadlineIsToldApart) {
  Start();
  CreateWorkspace("shop");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  v1::ListCustomersRequest request;
  request.set_parent(kShop);
  v1::ListCustomersResponse response;
  EXPECT_EQ(stubs_->customers->ListCustomers(&context, request, &response).error_code(),
            StatusCode::DEADLINE_EXCEEDED);
}

// What was acknowledged before and while stopping is there after it; the stream is told why.
TEST_F(AccessTest, StoppingEndsStreamsAfterTheirAcknowledgements) {
  Start();
  CreateWorkspace("shop");
  grpc::ClientContext context;
  auto stream = stubs_->events->StreamEvents(&context);
  v1::StreamEventsRequest request;
  request.set_parent(kShop);
  *request.add_events() = PageView("e1", "c1");
  ASSERT_TRUE(stream->Write(request));
  v1::StreamEventsResponse ack;
  ASSERT_TRUE(stream->Read(&ack));
  std::thread stopping([this] { server_->Shutdown(); });
  EXPECT_FALSE(stream->Read(&ack));
  EXPECT_THAT(stream->Finish(), FailsWithCode(StatusCode::UNAVAILABLE, "SERVER_STOPPING"));
  stopping.join();
  Start();
  EXPECT_EQ(GetCustomer(Cat(kShop, "/customers/c1")).summary().event_count(), 1);
}

}  // namespace
}  // namespace rapport::testing

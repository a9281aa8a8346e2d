// SPDX-License-Identifier: Apache-2.0
#include "jobs/admin_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "absl/strings/numbers.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "rapport/v1/admin_service.grpc.pb.h"
#include "rapport/v1/error_details.pb.h"

namespace rapport::jobs {
namespace {

using std::chrono::seconds;

// Publishing takes in and warms all files of a generation.
constexpr seconds kPublishTimeout{1800};
constexpr seconds kCheckpointTimeout{300};
constexpr seconds kCallTimeout{30};
constexpr int kAttempts = 4;
constexpr char kGenerationPrefix[] = "generations/";

absl::StatusOr<std::string> ReadText(const std::string& path, std::string_view field) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return InvalidField(field, "UNREADABLE_FILE", Cat("cannot read ", path));
  return std::move(text).str();
}

// The stable reason among the details, "" if there is none.
std::string ReasonOf(const grpc::Status& status) {
  v1::ErrorStatus details;
  if (!details.ParseFromString(status.error_details())) return "";
  for (const auto& detail : details.details()) {
    v1::ErrorInfo info;
    if (detail.type_url().ends_with("/google.rpc.ErrorInfo") &&
        info.ParseFromString(detail.value())) {
      return info.reason();
    }
  }
  return "";
}

absl::Status FromGrpc(const grpc::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = Cat(what, ": ", status.error_message());
  const std::string reason = ReasonOf(status);
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Unavailable(reason.empty() ? "SERVER_UNREACHABLE" : reason, text);
    case grpc::StatusCode::FAILED_PRECONDITION:
      return FailedPrecondition(reason, text);
    default:
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()), ToAbsl(text));
  }
}

class AdminClient final : public Admin {
 public:
  AdminClient(std::shared_ptr<grpc::Channel> channel, std::string token)
      : stub_(v1::AdminService::NewStub(channel)), token_(std::move(token)) {}

  absl::StatusOr<v1::CreateCheckpointResponse> CreateCheckpoint(
      const std::string& run_id) override {
    v1::CreateCheckpointRequest request;
    request.set_run_id(run_id);
    return Call<v1::CreateCheckpointResponse>(
        "CreateCheckpoint", kCheckpointTimeout, [&](grpc::ClientContext* context, auto* response) {
          return stub_->CreateCheckpoint(context, request, response);
        });
  }

  absl::Status ReportRun(const v1::Run& run) override {
    v1::ReportRunRequest request;
    *request.mutable_run() = run;
    return Call<v1::Run>("ReportRun", kCallTimeout,
                         [&](grpc::ClientContext* context, auto* response) {
                           return stub_->ReportRun(context, request, response);
                         })
        .status();
  }

  absl::StatusOr<v1::Generation> PublishGeneration(const std::string& folder,
                                                   const std::string& run_name) override {
    v1::PublishGenerationRequest request;
    request.set_path(folder);
    request.set_run(run_name);
    return Call<v1::Generation>("PublishGeneration", kPublishTimeout,
                                [&](grpc::ClientContext* context, auto* response) {
                                  return stub_->PublishGeneration(context, request, response);
                                });
  }

  absl::StatusOr<uint32_t> CurrentGeneration() override {
    const v1::ListGenerationsRequest request;
    ASSIGN_OR_RETURN(
        const auto response,
        Call<v1::ListGenerationsResponse>("ListGenerations", kCallTimeout,
                                          [&](grpc::ClientContext* context, auto* answer) {
                                            return stub_->ListGenerations(context, request, answer);
                                          }));
    for (const v1::Generation& generation : response.generations()) {
      if (!generation.current()) continue;
      const size_t at = generation.name().rfind(kGenerationPrefix);
      uint32_t number = 0;
      if (at == std::string::npos ||
          !absl::SimpleAtoi(generation.name().substr(at + sizeof(kGenerationPrefix) - 1),
                            &number)) {
        return Internal(Cat("the server names a generation ", generation.name()));
      }
      return number;
    }
    return 0;
  }

 private:
  // All calls may be repeated, so one that finds the server away is tried again.
  template <typename Response, typename Send>
  absl::StatusOr<Response> Call(std::string_view what, seconds timeout, Send send) {
    grpc::Status status;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (attempt > 0) std::this_thread::sleep_for(seconds(1 << attempt));
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + timeout);
      if (!token_.empty()) context.AddMetadata("authorization", Cat("Bearer ", token_));
      Response response;
      status = send(&context, &response);
      if (status.ok()) return response;
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
    }
    return FromGrpc(status, what);
  }

  const std::unique_ptr<v1::AdminService::Stub> stub_;
  const std::string token_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Admin>> ConnectAdmin(const ConnectOptions& options) {
  std::string token;
  if (!options.token_file.empty()) {
    ASSIGN_OR_RETURN(token, ReadText(options.token_file, "token-file"));
    token.erase(token.find_last_not_of(" \t\r\n") + 1);
  }
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!options.tls_ca.empty()) {
    grpc::SslCredentialsOptions tls;
    ASSIGN_OR_RETURN(tls.pem_root_certs, ReadText(options.tls_ca, "tls-ca"));
    credentials = grpc::SslCredentials(tls);
  }
  const auto channel = grpc::CreateChannel(options.server, credentials);
  const auto deadline = std::chrono::system_clock::now() + seconds(options.connect_timeout_seconds);
  if (!channel->WaitForConnected(deadline)) {
    return Unavailable("SERVER_UNREACHABLE", Cat("no server answers at ", options.server,
                                                 "; is rapport-server running?"));
  }
  return std::make_unique<AdminClient>(channel, std::move(token));
}

}  // namespace rapport::jobs

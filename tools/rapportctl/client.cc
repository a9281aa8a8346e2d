// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/client.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/cord.h"
#include "absl/synchronization/notification.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "rapport/v1/cohort_service.grpc.pb.h"
#include "rapport/v1/event_service.grpc.pb.h"
#include "rapport/v1/reference_service.grpc.pb.h"

namespace rapport::ctl {
namespace {

using google::protobuf::Message;

constexpr char kDetailsUrl[] = "rapportctl/details";

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  AttachDetails(result, status.error_details());
  return result;
}

class GrpcEventStream final : public EventStream {
 public:
  GrpcEventStream(v1::EventService::Stub& stub, const std::string& token) {
    if (!token.empty()) context_.AddMetadata("authorization", Cat("Bearer ", token));
    stream_ = stub.StreamEvents(&context_);
  }
  bool Write(const v1::StreamEventsRequest& batch) override { return stream_->Write(batch); }
  void WritesDone() override { stream_->WritesDone(); }
  bool Read(v1::StreamEventsResponse& ack) override { return stream_->Read(&ack); }
  absl::Status Finish() override { return FromGrpc(stream_->Finish()); }
  void Cancel() override { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamEventsRequest, v1::StreamEventsResponse>>
      stream_;
};

// Broken logic if a command names a method that does not exist or does not fit.
void CheckMethod(std::string_view method, const Message& request, const Message& response) {
  std::string name = Cat("rapport.v1.", method);
  for (char& c : name) c = c == '/' ? '.' : c;
  const auto* found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  RAPPORT_CHECK(found != nullptr);
  RAPPORT_CHECK(found->input_type() == request.GetDescriptor());
  RAPPORT_CHECK(found->output_type() == response.GetDescriptor());
}

class GrpcConnection final : public Connection {
 public:
  explicit GrpcConnection(const ConnectOptions& options)
      : options_(options),
        channel_(Open(options)),
        generic_(channel_),
        events_(channel_),
        references_(channel_),
        cohorts_(channel_) {}

  absl::Status Call(std::string_view method, const Message& request, Message& response) override {
    CheckMethod(method, request, response);
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + options_.deadline));
    if (!options_.token.empty()) {
      context.AddMetadata("authorization", Cat("Bearer ", options_.token));
    }
    absl::Notification done;
    grpc::Status status;
    generic_.UnaryCall(&context, Cat("/rapport.v1.", method), grpc::StubOptions(), &request,
                       &response, [&](grpc::Status result) {
                         status = std::move(result);
                         done.Notify();
                       });
    done.WaitForNotification();
    return FromGrpc(status);
  }

  std::unique_ptr<EventStream> StreamEvents() override {
    return std::make_unique<GrpcEventStream>(events_, options_.token);
  }

  absl::Status WatchAlerts(const v1::WatchAlertsRequest& request, bool limited,
                           ShowAlert show) override {
    return Follow<v1::WatchAlertsResponse>(
        limited,
        [&](grpc::ClientContext* context) { return references_.WatchAlerts(context, request); },
        [&](const v1::WatchAlertsResponse& response) { return show(response.alert()); });
  }
  absl::Status WatchTransitions(const v1::WatchTransitionsRequest& request, bool limited,
                                ShowTransitions show) override {
    return Follow<v1::WatchTransitionsResponse>(
        limited,
        [&](grpc::ClientContext* context) { return cohorts_.WatchTransitions(context, request); },
        show);
  }

 private:
  // Shows what comes until the stream ends or `show` fails.
  template <typename Response, typename Start, typename Show>
  absl::Status Follow(bool limited, Start start, Show show) {
    grpc::ClientContext context;
    if (limited) context.set_deadline(absl::ToChronoTime(absl::Now() + options_.deadline));
    if (!options_.token.empty()) {
      context.AddMetadata("authorization", Cat("Bearer ", options_.token));
    }
    const auto stream = start(&context);
    Response response;
    absl::Status shown;
    while (shown.ok() && stream->Read(&response)) shown = show(response);
    if (!shown.ok()) context.TryCancel();
    const grpc::Status ended = stream->Finish();
    return shown.ok() ? FromGrpc(ended) : shown;
  }

  static std::shared_ptr<grpc::Channel> Open(const ConnectOptions& options) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(64 << 20);
    arguments.SetUserAgentPrefix("rapportctl");
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (!options.ca_pem.empty()) {
      grpc::SslCredentialsOptions tls;
      tls.pem_root_certs = options.ca_pem;
      credentials = grpc::SslCredentials(tls);
    }
    return grpc::CreateCustomChannel(options.server, credentials, arguments);
  }

  ConnectOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::TemplatedGenericStub<Message, Message> generic_;
  v1::EventService::Stub events_;
  v1::ReferenceService::Stub references_;
  v1::CohortService::Stub cohorts_;
};

}  // namespace

std::unique_ptr<Connection> Connect(const ConnectOptions& options) {
  return std::make_unique<GrpcConnection>(options);
}

void AttachDetails(absl::Status& status, std::string_view bytes) {
  status.SetPayload(kDetailsUrl, absl::Cord(ToAbsl(bytes)));
}

std::optional<v1::ErrorStatus> ServerDetails(const absl::Status& status) {
  const auto cord = status.GetPayload(kDetailsUrl);
  v1::ErrorStatus details;
  if (!cord.has_value() || !details.ParseFromString(std::string(*cord))) return std::nullopt;
  return details;
}

}  // namespace rapport::ctl

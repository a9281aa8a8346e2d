// SPDX-License-Identifier: Apache-2.0
// The wire between rapportctl and a server: one unary call by method name, one stream
// of event batches, one of alerts, one of transitions. Connection is a seam: commands run
// against a scripted server in tests. gRPC stays in client.cc.
//
// Errors are absl::Status with the server's code and message; the google.rpc details
// ride along (ServerDetails). Not thread-safe but for one reader and one writer of an
// EventStream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "lib/base/status_macros.h"
#include "rapport/v1/error_details.pb.h"
#include "rapport/v1/event_service.pb.h"
#include "rapport/v1/growth.pb.h"
#include "rapport/v1/reference_service.pb.h"

namespace rapport::ctl {

// A stream of batches out and acknowledgements in.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // False when the stream is broken; Finish() says why.
  virtual bool Write(const v1::StreamEventsRequest& batch) = 0;
  virtual void WritesDone() = 0;
  // False at the end of the stream.
  virtual bool Read(v1::StreamEventsResponse& ack) = 0;
  virtual absl::Status Finish() = 0;
  // Ends a blocked Read or Write from another thread.
  virtual void Cancel() = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  // `method` is "CustomerService/GetCustomer", below package rapport.v1.
  virtual absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                            google::protobuf::Message& response) = 0;
  virtual std::unique_ptr<EventStream> StreamEvents() = 0;
  // Shows alerts until the stream ends or `show` fails; `limited`: for the deadline's time.
  using ShowAlert = absl::FunctionRef<absl::Status(const v1::Alert&)>;
  virtual absl::Status WatchAlerts(const v1::WatchAlertsRequest& request, bool limited,
                                   ShowAlert show) = 0;
  // The same for transitions.
  using ShowTransitions = absl::FunctionRef<absl::Status(const v1::WatchTransitionsResponse&)>;
  virtual absl::Status WatchTransitions(const v1::WatchTransitionsRequest& request, bool limited,
                                        ShowTransitions show) = 0;
};

template <typename Response>
absl::StatusOr<Response> Call(Connection& connection, std::string_view method,
                              const google::protobuf::Message& request) {
  Response response;
  RETURN_IF_ERROR(connection.Call(method, request, response));
  return response;
}

struct ConnectOptions {
  std::string server;                           // host:port or unix:PATH.
  std::string token;                            // Bearer token; empty for none.
  std::string ca_pem;                           // Certificates to trust; empty for plain text.
  absl::Duration deadline = absl::Seconds(60);  // Of unary calls.
};

// Connects lazily: a dead server shows at the first call.
std::unique_ptr<Connection> Connect(const ConnectOptions& options);

// Marks an error as the server's with its serialized google.rpc.Status (may be empty), and
// reads it back; nullopt for an error that did not come from a server.
void AttachDetails(absl::Status& status, std::string_view bytes);
std::optional<v1::ErrorStatus> ServerDetails(const absl::Status& status);

}  // namespace rapport::ctl

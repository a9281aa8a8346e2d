// SPDX-License-Identifier: Apache-2.0
#include "server/call.h"

#include <string>

#include "server/request_log.h"
#include "server/status_details.h"

namespace rapport::server {
namespace {

// Trailers have to fit a client's header limit (8 KiB by default).
constexpr size_t kMaxMessageBytes = 1500;

grpc::Status ToGrpc(CallContext& call, const absl::Status& status) {
  call.grpc()->AddTrailingMetadata("x-request-id", call.request_id());
  std::string message(status.message());
  if (message.size() > kMaxMessageBytes) message.resize(kMaxMessageBytes);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      StatusDetails(status, call.request_id()));
}

}  // namespace

grpc::Status CloseCall(CallContext& call, const absl::Status& status) {
  const int64_t duration_us = call.elapsed_us();
  Env& env = call.env();
  env.metrics.CallEnded(call.method_no(), static_cast<int>(status.code()), duration_us);
  if (env.request_log.Wants(status.ok(), duration_us)) {
    env.request_log.Write({.method = kMethods[call.method_no()].method,
                           .status = status,
                           .duration_us = duration_us,
                           .request_id = call.request_id(),
                           .peer = call.grpc()->peer()});
  }
  return status.ok() ? grpc::Status::OK : ToGrpc(call, status);
}

}  // namespace rapport::server

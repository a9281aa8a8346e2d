// SPDX-License-Identifier: Apache-2.0
// The one guard around every unary method: access, deadline, the handler, the status as
// gRPC sends it, metrics and the request log.
//
//   RAPPORT_UNARY(AdminService, GetRun, v1::Run)
// defines the service's virtual GetRun, which calls
//   absl::Status HandleGetRun(CallContext&, const v1::GetRunRequest&, v1::Run*);
//
// Handlers run on the gRPC thread or the worker pool, as methods.h says.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/status.h"
#include "lib/base/errors.h"
#include "server/call_context.h"
#include "server/env.h"
#include "server/methods.h"

namespace rapport::server {

// Ends a call: maps the status once, counts, logs. Call exactly once per call.
grpc::Status CloseCall(CallContext& call, const absl::Status& status);

template <typename Request, typename Response>
using Handler = absl::Status (*)(CallContext&, const Request&, Response*);

template <typename Request, typename Response>
grpc::ServerUnaryReactor* ServeUnary(CallContext call, const Request* request, Response* response,
                                     Handler<Request, Response> handler) {
  grpc::ServerUnaryReactor* reactor = call.grpc()->DefaultReactor();
  if (const absl::Status admitted = call.Admit(); !admitted.ok()) {
    reactor->Finish(CloseCall(call, admitted));
    return reactor;
  }
  if (kMethods[call.method_no()].run_on == RunOn::kCaller) {
    reactor->Finish(CloseCall(call, handler(call, *request, response)));
    return reactor;
  }
  WorkPool::Work work = [call, request, response, handler, reactor]() mutable {
    absl::Status status = call.Alive();
    if (status.ok()) status = handler(call, *request, response);
    reactor->Finish(CloseCall(call, status));
  };
  if (!call.env().pool.Run(work)) {
    reactor->Finish(CloseCall(call, ResourceExhausted("SERVER_BUSY", "too many calls wait")));
  }
  return reactor;
}

}  // namespace rapport::server

#define RAPPORT_UNARY(Service, Method, Response)                                                  \
  grpc::ServerUnaryReactor* Method(grpc::CallbackServerContext* context,                          \
                                   const v1::Method##Request* request, Response* response)        \
      override {                                                                                  \
    constexpr size_t kMethodNo = MethodNo(#Service "." #Method);                                  \
    return ServeUnary(CallContext(env_, kMethodNo, context), request, response, &Handle##Method); \
  }

// SPDX-License-Identifier: Apache-2.0
// One call as handlers see it: what they share, whether the caller still waits, and who it
// is in the log. Free of gRPC headers, so that handler logic compiles without them.
//
// Copyable and cheap; one call is handled by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "server/env.h"

namespace grpc {
class CallbackServerContext;
}

namespace rapport::server {

class CallContext {
 public:
  CallContext(Env& env, size_t method_no, grpc::CallbackServerContext* grpc)
      : env_(&env), method_no_(method_no), grpc_(grpc), start_(std::chrono::steady_clock::now()) {
    env.metrics.CallBegan();
  }

  // Work of the server's own: nobody waits for it, it is never cancelled and not counted.
  explicit CallContext(Env& env)
      : env_(&env), method_no_(0), grpc_(nullptr), start_(std::chrono::steady_clock::now()) {}

  Env& env() const { return *env_; }
  size_t method_no() const { return method_no_; }
  grpc::CallbackServerContext* grpc() const { return grpc_; }
  TimeMicros now() const { return env_->clock.Now(); }
  int64_t elapsed_us() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 start_)
        .count();
  }

  // UNAUTHENTICATED or PERMISSION_DENIED unless the caller may use the method.
  absl::Status Admit() const;
  // CANCELLED or DEADLINE_EXCEEDED when nobody waits for the answer any more. Scans ask
  // every few hundred rows.
  absl::Status Alive() const;
  // The client's `x-request-id` (up to 64 printable bytes), or a new one.
  const std::string& request_id();

 private:
  Env* env_;
  size_t method_no_;
  grpc::CallbackServerContext* grpc_;
  std::chrono::steady_clock::time_point start_;
  std::string request_id_;
};

}  // namespace rapport::server

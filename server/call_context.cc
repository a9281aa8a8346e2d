// SPDX-License-Identifier: Apache-2.0
#include "server/call_context.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "absl/strings/str_format.h"
#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::server {
namespace {

std::string_view Metadata(const grpc::CallbackServerContext& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

std::string NewRequestId() {
  static const uint64_t seed = std::random_device()();
  static std::atomic<uint64_t> counter = 0;
  return absl::StrFormat("%016x", HashText64(Cat(seed, "-", counter.fetch_add(1))));
}

bool IsPlain(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

absl::Status CallContext::Admit() const {
  if (!env_->auth.insecure()) {
    RETURN_IF_ERROR(env_->auth.Check(Metadata(*grpc_, "authorization"), kMethods[method_no_].role));
  }
  return absl::OkStatus();
}

absl::Status CallContext::Alive() const {
  if (grpc_ == nullptr) return absl::OkStatus();
  if (std::chrono::system_clock::now() >= grpc_->deadline()) {
    return absl::DeadlineExceededError("the deadline has passed");
  }
  if (grpc_->IsCancelled()) return absl::CancelledError("the caller has gone");
  return absl::OkStatus();
}

const std::string& CallContext::request_id() {
  if (request_id_.empty()) {
    const std::string_view sent = Metadata(*grpc_, "x-request-id");
    request_id_ = IsPlain(sent) ? std::string(sent) : NewRequestId();
  }
  return request_id_;
}

}  // namespace rapport::server

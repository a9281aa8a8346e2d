// SPDX-License-Identifier: Apache-2.0
// One log line a call where it is worth one: failures and slow calls, or all of them.
//
// Thread-safe. Failures beyond 100 a second are only counted, so that a broken client
// cannot drown the log.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rapport::server {

struct CallLine {
  std::string_view method;
  absl::Status status;
  int64_t duration_us = 0;
  std::string request_id;
  std::string peer;
};

class RequestLog {
 public:
  RequestLog(bool all, int64_t slow_us) : all_(all), slow_us_(slow_us) {}
  // Whether a call that ended like this gets a line; cheap.
  bool Wants(bool ok, int64_t duration_us) const { return all_ || !ok || duration_us >= slow_us_; }
  void Write(const CallLine& line);

 private:
  // True when the line may be written within this second's budget.
  bool TakeBudget();
  const bool all_;
  const int64_t slow_us_;
  std::atomic<int64_t> second_ = 0;
  std::atomic<int64_t> written_ = 0;
  std::atomic<int64_t> dropped_ = 0;
};

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
#include "server/request_log.h"

#include <chrono>

#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "server/status_details.h"

namespace rapport::server {
namespace {

constexpr int64_t kFailuresPerSecond = 100;

// Server faults are errors; a client's mistakes are not.
LogLevel LevelOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnknown:
      return LogLevel::kError;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return LogLevel::kWarning;
    default:
      return LogLevel::kInfo;
  }
}

// Texts of client errors may quote what a client sent, so only faults of ours are printed
// in full; of the others the stable reason and the field.
std::string ErrorText(const absl::Status& status) {
  if (status.ok()) return "";
  if (LevelOf(status) != LogLevel::kInfo) return std::string(status.message());
  const ErrorDetail detail = DetailOf(status).value_or(ErrorDetail{});
  return Cat(detail.reason, detail.field.empty() ? "" : " ", detail.field);
}

}  // namespace

bool RequestLog::TakeBudget() {
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::steady_clock::now().time_since_epoch())
                          .count();
  if (second_.exchange(now) != now) {
    written_ = 0;
    const int64_t dropped = dropped_.exchange(0);
    if (dropped > 0) Log(LogLevel::kWarning, "call lines dropped", {{"lines", Cat(dropped)}});
  }
  if (written_.fetch_add(1) < kFailuresPerSecond) return true;
  dropped_.fetch_add(1);
  return false;
}

void RequestLog::Write(const CallLine& line) {
  if (!all_ && !TakeBudget()) return;
  Log(LevelOf(line.status), line.status.ok() ? "call" : "call failed",
      {{"method", std::string(line.method)},
       {"code", CodeName(line.status.code())},
       {"duration_us", Cat(line.duration_us)},
       {"request_id", line.request_id},
       {"peer", line.peer},
       {"error", ErrorText(line.status)}});
}

}  // namespace rapport::server

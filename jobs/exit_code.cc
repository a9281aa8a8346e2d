// SPDX-License-Identifier: Apache-2.0
#include "jobs/exit_code.h"

#include "lib/base/errors.h"

namespace rapport::jobs {

int ExitCodeOf(const absl::Status& status) {
  const auto detail = DetailOf(status);
  if (detail && detail->reason == "UNREADABLE_FILE") return kExitUsage;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return kExitUnreachable;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kExitTryLater;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kNotFound:
      return kExitBadStore;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitNotAllowed;
    default:
      return kExitInternal;
  }
}

}  // namespace rapport::jobs

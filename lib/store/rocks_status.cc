// SPDX-License-Identifier: Apache-2.0
#include "lib/store/rocks_status.h"

#include <string>

#include "absl/strings/escaping.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

namespace rapport::store {

absl::Status FromRocks(const rocksdb::Status& status, std::string_view where) {
  using Code = rocksdb::Status::Code;
  const std::string text = status.ToString();
  switch (status.code()) {
    case Code::kOk:
      return absl::OkStatus();
    case Code::kNotFound:
      return NotFound(where);
    case Code::kCorruption:
      return DataLoss(where, text);
    case Code::kIOError:
    case Code::kBusy:
    case Code::kTimedOut:
    case Code::kTryAgain:
    case Code::kIncomplete:
    case Code::kShutdownInProgress:
    case Code::kAborted:
      return Unavailable("STORE_UNAVAILABLE", Cat(where, ": ", text));
    case Code::kNotSupported:
      if (text.find("read only") != std::string::npos) {
        return FailedPrecondition("STORE_READ_ONLY", Cat(where, ": the store is open for reading"));
      }
      return Internal(Cat(where, ": ", text));
    default:
      return Internal(Cat(where, ": ", text));
  }
}

std::string KeyText(std::string_view family, std::string_view key) {
  return Cat(family, "/", absl::BytesToHexString(ToAbsl(key)));
}

}  // namespace rapport::store

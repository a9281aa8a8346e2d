// SPDX-License-Identifier: Apache-2.0
// The one place where a rocksdb::Status becomes an absl::Status. Private to lib/store.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "rocksdb/status.h"

namespace rapport::store {

// `where` names the file, or family and key. IOError (full or broken device, fenced
// writes) > Unavailable STORE_UNAVAILABLE; Corruption > DataLoss with `where`; NotFound >
// NotFound; a write to a read-only store > FailedPrecondition STORE_READ_ONLY.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view where);

// "facts/3/00000001": family, version or space, key in hex.
std::string KeyText(std::string_view family, std::string_view key);

}  // namespace rapport::store

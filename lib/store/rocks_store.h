// SPDX-License-Identifier: Apache-2.0
// The embedded store: RocksDB behind the seam.
#pragma once

#include <memory>
#include <string>

#include "lib/store/seam.h"

namespace rapport::store {

struct RocksOptions {
  SyncPolicy sync = SyncPolicy::kPowerLoss;
  bool read_only = false;  // For checkpoints only, never beside a live writer.
  uint64_t cache_bytes = 256ull << 20;
};

// Opens or (unless read_only) creates the store in folder `path`.
// FailedPrecondition STORE_FORMAT_NEWER or STORE_LOCKED; NotFound when read_only and absent.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const std::string& path,
                                                      const RocksOptions& options);

}  // namespace rapport::store

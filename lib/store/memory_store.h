// SPDX-License-Identifier: Apache-2.0
// The in-memory twin of the store, for tests. Same contract, nothing on disk but
// builders' files and checkpoints, which live in process-wide maps under their path.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/store/seam.h"

namespace rapport::store {

std::unique_ptr<Store> NewMemoryStore();

// The copy that Checkpoint(path) of a memory store made, as a store of its own (unlike
// the one on disk it takes writes, and every opening starts from the same copy).
// NotFound if there is none.
absl::StatusOr<std::unique_ptr<Store>> OpenMemoryCheckpoint(const std::string& path);

}  // namespace rapport::store

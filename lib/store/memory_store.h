// SPDX-License-Identifier: Apache-2.0
// The in-memory twin of the store, for tests. Same contract, nothing on disk but
// builders' files, which live in a process-wide map under their path.
#pragma once

#include <memory>

#include "lib/store/seam.h"

namespace rapport::store {

std::unique_ptr<Store> NewMemoryStore();

}  // namespace rapport::store

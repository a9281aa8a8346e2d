// SPDX-License-Identifier: Apache-2.0
// Independent pieces of work on several threads.
#pragma once

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace rapport::jobs {

// Calls `piece(0)` .. `piece(count - 1)`, each once, on at most `threads` threads, the
// caller's among them. Answers the error of the first piece that failed; later pieces
// may then not have run.
absl::Status InParallel(int threads, size_t count, absl::FunctionRef<absl::Status(size_t)> piece);

}  // namespace rapport::jobs

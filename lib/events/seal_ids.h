// SPDX-License-Identifier: Apache-2.0
// The id fingerprints of a new segment: by workspace and day of arrival, sorted, in chunks
// of 4096. The value of a chunk is its fingerprints, 16 bytes each (low, high; little
// endian), rising as pairs of numbers.
#pragma once

#include <map>
#include <vector>

#include "absl/status/status.h"
#include "lib/events/seal.h"
#include "lib/events/seal_input.h"

namespace rapport::events {

inline constexpr size_t kIdsPerChunk = 4096;

// Writes `ids` (emptied on the way) and those of the segments to fold; adds the file made.
absl::Status SealIds(store::Store& store, const SealOptions& options,
                     std::map<IdDay, std::vector<Hash128>>& ids,
                     std::vector<store::DatasetFile>& files);

}  // namespace rapport::events

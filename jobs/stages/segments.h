// SPDX-License-Identifier: Apache-2.0
// Which event segments tonight's seal rewrites into the new one: few segments keep reads
// fast, rare rewriting keeps writes low.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rapport::jobs {

// How many of the newest segments (at the end of `counts`, events in each, oldest first)
// to fold into a new one that begins with `new_events`:
//   all, when the new events exceed a quarter of the sealed ones;
//   otherwise those not more than twice as large as what is folded so far;
//   all, when more than four segments would remain.
size_t SegmentsToFold(std::span<const uint64_t> counts, uint64_t new_events);

}  // namespace rapport::jobs

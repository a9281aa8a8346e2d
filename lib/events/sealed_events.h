// SPDX-License-Identifier: Apache-2.0
// One customer's events in sealed segments, and what names customers and ranges of them.
// For passes over many customers see customer_walk.h.
//
// Thread-safe. Cost: a look-up and the decoding of a block per segment.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "lib/events/row.h"
#include "lib/store/seam.h"

namespace rapport::events {

// merged_into[customer_no] of merged customers, sorted by customer_no (path-compressed:
// the target stands for itself). Events of a merged customer appear under the survivor.
struct Alias {
  CustomerNo customer_no = 0;
  CustomerNo survivor_no = 0;
};

struct CustomerRange {
  CustomerNo begin = 0;         // Inclusive; a multiple of 64.
  CustomerNo end = 0xFFFFFFFF;  // Exclusive; a multiple of 64 or the maximum.
};

// The sealed events of one customer (no alias applied), in timeline order.
absl::Status ReadCustomer(const store::Dataset& dataset, std::span<const store::Version> segments,
                          uint32_t workspace_no, CustomerNo customer_no,
                          std::vector<EventRow>& out);

// Where a sealed event's payload is: row `index` of the payloads of this part of its block.
struct SealedPlace {
  store::Version segment = 0;
  uint16_t part = 0;
  uint32_t index = 0;
};
// The same with places, unordered over segments.
absl::Status ReadCustomer(const store::Dataset& dataset, std::span<const store::Version> segments,
                          uint32_t workspace_no, CustomerNo customer_no, std::vector<EventRow>& out,
                          std::vector<SealedPlace>& places);

}  // namespace rapport::events

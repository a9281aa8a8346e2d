// SPDX-License-Identifier: Apache-2.0
// One pass over the sealed events of a workspace: customers in order, each with its
// events in timeline order, merged over all segments and over customer merges.
//
//   CustomerScan scan(store.dataset(), segments, workspace_no, aliases, {first, last});
//   while (scan.Next()) Use(scan.customer_no(), scan.events());
//   RETURN_IF_ERROR(scan.status());
//
// Not thread-safe; several scans over disjoint ranges may run at once. Sequential read
// of every block of the range; memory: one block per segment.
#pragma once

#include <cstdint>
#include <memory>
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

class CustomerScan {
 public:
  CustomerScan(const store::Dataset& dataset, std::span<const store::Version> segments,
               uint32_t workspace_no, std::span<const Alias> aliases, CustomerRange range);
  ~CustomerScan();
  CustomerScan(const CustomerScan&) = delete;
  CustomerScan& operator=(const CustomerScan&) = delete;

  // Moves to the next customer that has events; false at the end or on an error.
  bool Next();
  CustomerNo customer_no() const;
  std::span<const EventRow> events() const;
  absl::Status status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
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

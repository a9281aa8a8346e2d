// SPDX-License-Identifier: Apache-2.0
// What a scan over a workspace's customers stands on: sealed segments, the slice of the
// recent tail after them, customer merges and the last moment that counts. A value that
// pins all it names: it stays exact while it lives, whatever is published or arrives.
//
// Thread-safe to read. Made by Engine::GroundOf() for the server and by hand for batch runs.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "lib/events/live_tail.h"
#include "lib/events/sealed_events.h"
#include "lib/store/generation.h"
#include "lib/store/seam.h"

namespace rapport::events {

// The events of one workspace's tail after a log sequence, up to those there at the time.
struct TailSlice {
  std::shared_ptr<const LiveTail> tail;  // nullptr: no events.
  store::Sequence after = 0;
  uint32_t last = 0;  // Number of the last event of the tail that belongs to it.
};

struct ScanGround {
  const store::Dataset* dataset = nullptr;
  const store::EventLog* log = nullptr;  // Payloads of the tail; unused without tail.
  store::GenerationHandle generation;    // Pins the segments; may be nullptr.
  std::vector<store::Version> segments;
  uint32_t workspace_no = 0;
  std::vector<Alias> aliases;  // Merged customers, sorted, path-compressed.
  TailSlice tail;
  TimeMicros until = std::numeric_limits<TimeMicros>::max();  // Later events are left out.
  CustomerNo last_customer_no = 0;                            // Nobody stands above.
};

// Whom the ground's merges make of a customer, and whether that is another one.
CustomerNo Survivor(const ScanGround& ground, CustomerNo customer_no);
// Customers with events in the tail slice, as survivors, sorted. About 1 ms for a million.
std::vector<CustomerNo> CustomersOfTail(const ScanGround& ground);

}  // namespace rapport::events

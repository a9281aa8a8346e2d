// SPDX-License-Identifier: Apache-2.0
// Sealing: turns log batches into a segment of sorted columnar blocks, with payloads
// and id fingerprints beside them; folding: rewrites several segments as one.
//
// Used by the nightly run on a checkpoint. Memory: 48 bytes an event plus payloads of
// what is sealed; work is split by customer range over `threads`; the files do not
// depend on the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/events/row.h"
#include "lib/store/seam.h"

namespace rapport::events {

struct SealOptions {
  store::Sequence from = 1;          // First log entry to seal.
  store::Sequence through = 0;       // Last one.
  std::vector<store::Version> fold;  // Segments to rewrite into the new one (may be empty).
  store::Version version = 0;        // Of the new segment.
  std::string folder;                // For the files.
  int threads = 1;
  int64_t keep_ids_since_micros = 0;  // Fingerprints that arrived before are dropped when folding.
};

// Customers of a workspace that got events in this seal, sorted, without duplicates.
struct ChangedCustomers {
  uint32_t workspace_no = 0;
  std::vector<CustomerNo> customers;
};

struct SealResult {
  std::vector<store::DatasetFile> files;
  std::vector<ChangedCustomers> changed;  // By rising workspace_no; only from the log.
  uint64_t event_count = 0;               // Newly sealed.
};

// Reads store.log() and store.dataset(), writes files with store.NewBuilder().
absl::StatusOr<SealResult> Seal(store::Store& store, const SealOptions& options);

}  // namespace rapport::events

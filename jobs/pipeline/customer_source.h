// SPDX-License-Identifier: Apache-2.0
// Feeds one shard's customers to the stages of a wave, in order of their number.
//
// From events: every customer that is to be folded again comes with its events; one whose
// fold of the generation before still holds comes with that fold's bytes (and with its
// events only when the workspace's event cells are counted anew). From folds: every
// customer with events up to as_of, projected.
//
// Not thread-safe: one per shard. Memory: the kept folds of the shard.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"
#include "lib/events/scan_ground.h"

namespace rapport::jobs {

class CustomerSource {
 public:
  virtual ~CustomerSource() = default;
  // Moves to the next customer; false at the end or on an error.
  virtual bool Next() = 0;
  virtual const CustomerView& view() const = 0;
  virtual absl::Status status() const = 0;
};

std::unique_ptr<CustomerSource> NewCustomerSource(const Run& run, Source source,
                                                  const Shard& shard);

// A workspace's sealed events, those up to `until`, with the run's merges.
events::ScanGround SealedGround(const Run& run, const WorkspaceRun& workspace, TimeMicros until);

}  // namespace rapport::jobs

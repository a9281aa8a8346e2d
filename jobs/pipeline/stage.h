// SPDX-License-Identifier: Apache-2.0
// A stage of the nightly run: one kind of answer, computed customer by customer.
//
// The runner groups stages into waves by what they need. One wave makes one pass over the
// customers, split into shards of a fixed number of customers; for each shard a stage
// makes a ShardStep, which sees the shard's customers in order on one thread. Finished
// steps come back to Merge in shard order, one at a time, whatever the number of threads,
// so a stage's output bytes depend on the data alone. Finish runs after the last Merge.
//
// To add a stage: derive from Stage in jobs/stages, list it in jobs/stages/catalog.cc.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "lib/facts/facts.h"

namespace rapport::jobs {

// What a stage's customers come from.
enum class Source {
  kNone,    // No pass over customers: Finish does it all.
  kEvents,  // Customers with their sealed events, or the fold that still holds for them.
  kFolds    // Customers with fold and projection, those with events up to as_of.
};

struct CustomerView {
  CustomerNo customer_no = 0;
  // kEvents: events in timeline order (absent when only the kept fold was needed).
  std::span<const facts::EventColumns> events;
  // kEvents: serialized fold of the generation before that still holds; empty: fold again.
  std::string_view kept_fold;
  // kFolds. A stage may add to the projection only if it is alone in its wave.
  const facts::Fold* fold = nullptr;
  std::string_view fold_bytes;
  facts::Projection* projection = nullptr;
};

// A stage's work on one shard. Used by one thread at a time.
class ShardStep {
 public:
  virtual ~ShardStep() = default;
  virtual absl::Status Customer(const CustomerView& view) = 0;
  // After the shard's last customer.
  virtual absl::Status End() { return absl::OkStatus(); }
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string_view name() const = 0;
  // Stages whose outputs must be complete before this one starts.
  virtual std::vector<std::string_view> needs() const = 0;
  virtual Source source() const = 0;
  // Before the wave's pass. Not called again for later shards.
  virtual absl::Status Begin(Run& run) {
    (void)run;
    return absl::OkStatus();
  }
  // Thread-safe.
  virtual absl::StatusOr<std::unique_ptr<ShardStep>> NewStep(const Run& run, const Shard& shard) {
    (void)run, (void)shard;
    return absl::InternalError("a stage without a source has no steps");
  }
  virtual absl::Status Merge(Run& run, const Shard& shard, ShardStep& step) {
    (void)run, (void)shard, (void)step;
    return absl::OkStatus();
  }
  // Completes the stage's output; returns the rows it made or handled, for the report.
  virtual absl::StatusOr<int64_t> Finish(Run& run) = 0;
};

}  // namespace rapport::jobs

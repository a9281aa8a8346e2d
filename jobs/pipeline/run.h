// SPDX-License-Identifier: Apache-2.0
// What all stages of one nightly run share: the checkpoint they work on, the generation
// before, the workspaces with what must be recomputed, and the state that survives a kill.
//
// The checkpoint is the run's private copy of the store: datasets that later waves read
// back (sealed events, folds) are taken into it, too. Stages change `state` and
// `workspaces` only in Merge and Finish, which never run at the same time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/pipeline/attribute_rows.h"
#include "lib/events/sealed_events.h"
#include "lib/facts/facts.h"
#include "lib/store/generation.h"
#include "lib/store/seam.h"
#include "rapport/store/v1/nightly.pb.h"

namespace rapport::jobs {

using events::CustomerNo;
using store::v1::NightlyState;
using store::v1::WorkspaceProgress;
using store::v1::WorkspaceState;

// Customers per shard of a scan. Part of what output bytes depend on (files and totals),
// so it is fixed; a multiple of store::kCustomersPerBlock.
inline constexpr CustomerNo kCustomersPerShard = 16384;

struct WorkspaceRun {
  uint32_t number = 0;
  std::string name;  // `workspaces/{workspace}`.
  facts::Settings settings;
  v1::BusinessHours business_hours;
  AttributeRows attributes;            // Of customers, that value models look at.
  std::vector<events::Alias> aliases;  // Merged customers, sorted, path-compressed.
  CustomerNo last_customer_no = 0;     // Largest that may have events; known after sealing.
  std::vector<CustomerNo> changed;     // To be folded again, sorted; known after sealing.
  bool refold_all = true;              // No fold of the generation before may be kept.
  bool recount_events = true;          // Nor its event cells.
};

struct Run {
  store::Store* store = nullptr;
  std::string folder;            // Staging folder, absolute.
  store::GenerationHandle base;  // Null on the first night.
  NightlyState* state = nullptr;
  std::vector<WorkspaceRun> workspaces;  // By number.
  int threads = 1;
  TimeMicros keep_ids_since = 0;

  store::Manifest& manifest() const { return *state->mutable_manifest(); }
  store::Version version() const { return state->manifest().generation(); }
  TimeMicros as_of() const { return state->manifest().as_of_micros(); }
  store::Version base_version() const { return base == nullptr ? 0 : base->generation(); }
  std::vector<store::Version> segments() const {
    return {state->manifest().segments().begin(), state->manifest().segments().end()};
  }
  WorkspaceProgress& progress(uint32_t workspace_no) const;
  WorkspaceState& workspace_state(uint32_t workspace_no) const {
    return (*manifest().mutable_workspaces())[workspace_no];
  }
};

// The models of the generation before; null without.
const facts::WorkspaceModel* ModelBefore(const Run& run, uint32_t workspace_no);

// A part of one workspace's customers: what one thread scans at a time.
struct Shard {
  uint32_t index = 0;  // Over all workspaces, in key order.
  const WorkspaceRun* workspace = nullptr;
  events::CustomerRange range;
  std::string label;  // For file names, e.g. "w1-00003".
};
std::vector<Shard> ShardsOf(const Run& run);

// The survivor of a possibly merged customer.
CustomerNo Resolve(const WorkspaceRun& workspace, CustomerNo customer_no);
bool IsMerged(const WorkspaceRun& workspace, CustomerNo customer_no);

}  // namespace rapport::jobs

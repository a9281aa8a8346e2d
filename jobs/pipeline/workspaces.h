// SPDX-License-Identifier: Apache-2.0
// Decides, per workspace, what of the generation before may be kept: nothing when its
// settings changed, when as_of moved back or a merge was taken back; otherwise the folds
// of all customers without new events or merges. Doubt means computing anew: the result
// is the same, only slower.
#pragma once

#include "absl/status/status.h"
#include "jobs/pipeline/run.h"

namespace rapport::jobs {

// Reads all workspaces of the checkpoint, with settings and merges, into run.workspaces.
absl::Status LoadWorkspaces(Run& run);

// After sealing: adds survivors of merges since the generation before to the customers
// with new events, and records who is to be folded again in the state.
absl::Status RecordChanged(Run& run, uint32_t workspace_no, std::vector<CustomerNo> with_events);

// After sealing, also in a resumed run: takes changed customers from the state and finds
// the largest customer number.
absl::Status FindCustomers(Run& run);

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
// The transitions that a generation has and an earlier one had not, page by page: what the
// night found, and what events that came late have changed.
//
// Both generations' rows are in the same order, so one walk over the two finds them. Cost:
// about 1 us a transition of the workspace; both generations stay pinned meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/store/generation.h"
#include "rapport/v1/cohort.pb.h"
#include "server/call_context.h"

namespace rapport::server {

struct TransitionDiff {
  uint32_t workspace_no = 0;
  store::GenerationHandle target;  // Required.
  store::GenerationHandle base;    // nullptr: gone, or there was none.
  // Stands in for a base that is gone: what happened after it is new.
  int64_t base_as_of = INT64_MIN;
  v1::LifecycleStage to_stage = v1::LIFECYCLE_STAGE_UNSPECIFIED;  // Any.
  size_t page_size = 500;
};

struct TransitionDiffPage {
  std::vector<v1::Transition> transitions;  // Newest first, without customer names.
  std::vector<uint32_t> customers;          // Numbers, one each.
  std::string next;                         // Key to go on after; empty at the end.
};

// The page behind the key `after`. CANCELLED and DEADLINE_EXCEEDED as the call; DataLoss.
absl::StatusOr<TransitionDiffPage> ReadTransitionDiff(const CallContext& call,
                                                      const TransitionDiff& diff,
                                                      const std::string& after);

}  // namespace rapport::server

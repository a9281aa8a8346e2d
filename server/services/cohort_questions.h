// SPDX-License-Identifier: Apache-2.0
// The questions of CohortService that read every customer's events: retention, growth,
// stickiness and time in stages (lib/cohorts), at the generation or live.
//
// Runs on the worker pool with the scan's threads; 20 ns an event and what the walkers
// cost. Ends with the call; with a time budget it answers with what it has read by then.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/growth.pb.h"
#include "rapport/v1/retention.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleAnalyzeRetention(CallContext& call, const v1::AnalyzeRetentionRequest& request,
                                    v1::AnalyzeRetentionResponse* response);
absl::Status HandleQueryGrowth(CallContext& call, const v1::QueryGrowthRequest& request,
                               v1::QueryGrowthResponse* response);
absl::Status HandleQueryStickiness(CallContext& call, const v1::QueryStickinessRequest& request,
                                   v1::QueryStickinessResponse* response);
absl::Status HandleQueryStageTimes(CallContext& call, const v1::QueryStageTimesRequest& request,
                                   v1::QueryStageTimesResponse* response);

}  // namespace rapport::server

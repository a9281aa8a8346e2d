// SPDX-License-Identifier: Apache-2.0
// What belongs to an NPS report beside the score: how many were asked and answered, and
// what became of the detractors. The metrics survey_response_rate, detractor_follow_up_rate
// and detractor_recovery_rate over the report's window.
//
// Costs three metric queries: cells once a night has stored them, before that one pass over
// the customers. Pins the generation of its read point; needs no lock.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/metric.pb.h"
#include "server/call_context.h"
#include "server/customer_view.h"

namespace rapport::server {

// `report` has its context's dates.
absl::Status AddFollowUp(const CallContext& call, const ReadPoint& at, v1::NpsReport& report);

}  // namespace rapport::server

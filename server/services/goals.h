// SPDX-License-Identifier: Apache-2.0
// The goals of ReferenceService.
//
// Changes take turns by Env::definition_mutex and are durable on return.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/empty.pb.h"
#include "rapport/v1/reference_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleCreateGoal(CallContext& call, const v1::CreateGoalRequest& request,
                              v1::Goal* response);
absl::Status HandleUpdateGoal(CallContext& call, const v1::UpdateGoalRequest& request,
                              v1::Goal* response);
absl::Status HandleDeleteGoal(CallContext& call, const v1::DeleteGoalRequest& request,
                              google::protobuf::Empty* response);
absl::Status HandleListGoals(CallContext& call, const v1::ListGoalsRequest& request,
                             v1::ListGoalsResponse* response);

}  // namespace rapport::server

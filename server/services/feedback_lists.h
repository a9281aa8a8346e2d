// SPDX-License-Identifier: Apache-2.0
// The lists of FeedbackService: what customers said, and whom to talk to. Each page is one
// pass over the workspace's answers on two threads; memory is that of a page. Handlers,
// free of gRPC headers.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/feedback_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleListVerbatims(CallContext& call, const v1::ListVerbatimsRequest& request,
                                 v1::ListVerbatimsResponse* response);
absl::Status HandleListFollowUps(CallContext& call, const v1::ListFollowUpsRequest& request,
                                 v1::ListFollowUpsResponse* response);

}  // namespace rapport::server

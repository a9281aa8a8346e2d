// SPDX-License-Identifier: Apache-2.0
// Frameworks: the built-in ones to read, the workspace's own to change. Stored in table
// definitions; at most 50 a workspace. Thread-safe: writers take turns.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/empty.pb.h"
#include "rapport/v1/framework_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleListFrameworks(CallContext& call, const v1::ListFrameworksRequest& request,
                                  v1::ListFrameworksResponse* response);
absl::Status HandleGetFramework(CallContext& call, const v1::GetFrameworkRequest& request,
                                v1::Framework* response);
absl::Status HandleCreateFramework(CallContext& call, const v1::CreateFrameworkRequest& request,
                                   v1::Framework* response);
absl::Status HandleUpdateFramework(CallContext& call, const v1::UpdateFrameworkRequest& request,
                                   v1::Framework* response);
absl::Status HandleDeleteFramework(CallContext& call, const v1::DeleteFrameworkRequest& request,
                                   google::protobuf::Empty* response);

}  // namespace rapport::server

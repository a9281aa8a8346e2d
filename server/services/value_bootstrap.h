// SPDX-License-Identifier: Apache-2.0
// ValueService.BootstrapValueModel: reads all rows of facts of the generation that is shown
// when the call begins, then computes for as long as the caller waits. One at a time in the
// process, so that it never takes more than one thread from other calls.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/value_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleBootstrapValueModel(CallContext& call,
                                       const v1::BootstrapValueModelRequest& request,
                                       v1::BootstrapValueModelResponse* response);

}  // namespace rapport::server

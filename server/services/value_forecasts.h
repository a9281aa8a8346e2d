// SPDX-License-Identifier: Apache-2.0
// The questions of ValueService that compute: PredictValue and AskWhatIf. Both answer from
// the models of the generation that is shown when the call begins.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "rapport/v1/value_service.pb.h"
#include "server/call_context.h"
#include "server/customer_view.h"

namespace rapport::server {

absl::Status HandlePredictValue(CallContext& call, const v1::PredictValueRequest& request,
                                v1::PredictValueResponse* response);
absl::Status HandleAskWhatIf(CallContext& call, const v1::AskWhatIfRequest& request,
                             v1::AskWhatIfResponse* response);

// Visits every row of the workspace in the pinned generation, looking now and then whether
// the caller still waits.
absl::Status ForEachFacts(const CallContext& call, const ReadPoint& at,
                          absl::FunctionRef<absl::Status(const v1::CustomerFacts&)> visit);

}  // namespace rapport::server

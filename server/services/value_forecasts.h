// SPDX-License-Identifier: Apache-2.0
// The questions of ValueService that compute: PredictValue and AskWhatIf. Both answer from
// the models of the generation that is shown when the call begins.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/value_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandlePredictValue(CallContext& call, const v1::PredictValueRequest& request,
                                v1::PredictValueResponse* response);
absl::Status HandleAskWhatIf(CallContext& call, const v1::AskWhatIfRequest& request,
                             v1::AskWhatIfResponse* response);

}  // namespace rapport::server

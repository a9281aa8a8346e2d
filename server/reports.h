// SPDX-License-Identifier: Apache-2.0
// Reports that the nightly run leaves in dataset kReports, one message a name.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/env.h"

namespace rapport::server {

// FailedPrecondition NO_REPORT when the generation has none of this name (a workspace
// that is younger than the generation); DataLoss when it does not decode.
absl::Status ReadReport(const Env& env, const store::Manifest& generation, uint32_t workspace_no,
                        const std::string& report, google::protobuf::Message* out);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// Errors as stock gRPC clients read them: a google.rpc.Status with ErrorInfo, BadRequest
// and ResourceInfo, for the `grpc-status-details-bin` trailer.
//
// Pure, thread-safe; runs for failed calls only.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rapport::server {

// Serialized google.rpc.Status; `request_id` goes into the ErrorInfo's metadata.
std::string StatusDetails(const absl::Status& status, std::string_view request_id);
// Name of a canonical code: "INVALID_ARGUMENT".
std::string CodeName(absl::StatusCode code);

}  // namespace rapport::server

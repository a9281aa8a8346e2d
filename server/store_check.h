// SPDX-License-Identifier: Apache-2.0
// Checks the store while it serves: every row of the current generation decodes, blocks
// and payloads agree, rows and checksums are those of the manifest, table rows decode.
//
// Reads everything once (about 100 MB/s), asks the caller's deadline as it goes, changes
// nothing. Problems are collected, at most 20 a check; an error means that the check
// itself could not go on.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/admin_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status CheckStore(const CallContext& call, v1::CheckStoreResponse* response);

}  // namespace rapport::server

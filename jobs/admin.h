// SPDX-License-Identifier: Apache-2.0
// The server as the nightly run sees it: it gives a checkpoint, hears how the run goes,
// and takes the generation in. ConnectAdmin (admin_client.h) speaks to a server; tests
// and benchmarks implement it on a store.
//
// Errors carry the server's code; Unavailable when it cannot be reached.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rapport/v1/admin_service.pb.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::jobs {

class Admin {
 public:
  virtual ~Admin() = default;
  virtual absl::StatusOr<v1::CreateCheckpointResponse> CreateCheckpoint(
      const std::string& run_id) = 0;
  virtual absl::Status ReportRun(const v1::Run& run) = 0;
  virtual absl::StatusOr<v1::Generation> PublishGeneration(const std::string& folder,
                                                           const std::string& run_name) = 0;
  // Number of the generation that readers see, 0 before the first.
  virtual absl::StatusOr<uint32_t> CurrentGeneration() = 0;
};

}  // namespace rapport::jobs

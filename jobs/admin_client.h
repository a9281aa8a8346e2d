// SPDX-License-Identifier: Apache-2.0
// Admin over gRPC. The only file of the nightly process that knows gRPC.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "jobs/admin.h"

namespace rapport::jobs {

struct ConnectOptions {
  std::string server;      // "unix:/path" or "host:port".
  std::string token_file;  // File with a bearer token; empty: none is sent.
  std::string tls_ca;      // PEM file with the authority to trust; empty: no TLS.
  int connect_timeout_seconds = 10;
};

// Waits until the server answers. Unavailable SERVER_UNREACHABLE; InvalidArgument for a
// file that cannot be read.
absl::StatusOr<std::unique_ptr<Admin>> ConnectAdmin(const ConnectOptions& options);

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
// Addresses and credentials the server listens with: TCP (TLS when certificates are given)
// and a unix socket. Errors: InvalidField for unreadable TLS files.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace rapport::server {

// TLS for TCP when the config has certificates, plain otherwise.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TcpCredentials(const Config& config);

// Adds every address; (*ports)[i] is the port of config.listen(i) once built, 0 if it could
// not be bound. The unix socket is the last.
absl::Status AddListeners(const Config& config, grpc::ServerBuilder& builder,
                          std::vector<int>* ports);

// True when no address can be reached from other machines.
bool ListensLocally(const Config& config);

}  // namespace rapport::server

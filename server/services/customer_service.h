// SPDX-License-Identifier: Apache-2.0
// rapport.v1.CustomerService over directory, tail and generation.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

// `env` must outlive the service.
std::unique_ptr<grpc::Service> NewCustomerService(Env& env);

}  // namespace rapport::server

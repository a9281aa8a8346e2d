// SPDX-License-Identifier: Apache-2.0
// rapport.v1.ValueService over facts and reports of the generation.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

// `env` must outlive the service.
std::unique_ptr<grpc::Service> NewValueService(Env& env);

}  // namespace rapport::server

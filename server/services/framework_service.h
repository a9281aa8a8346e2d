// SPDX-License-Identifier: Apache-2.0
// FrameworkService: frameworks, journeys of customers, flow through stages.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

std::unique_ptr<grpc::Service> NewFrameworkService(Env& env);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// JourneyService: funnels, their customers, pain points, paths, effects of steps.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

std::unique_ptr<grpc::Service> NewJourneyService(Env& env);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// rapport.v1.MetricService over series cells, generation + live.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

// `env` must outlive the service.
std::unique_ptr<grpc::Service> NewMetricService(Env& env);

}  // namespace rapport::server

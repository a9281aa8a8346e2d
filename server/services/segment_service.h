// SPDX-License-Identifier: Apache-2.0
// SegmentService: segments of customers, the RFM grid, clusters.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

std::unique_ptr<grpc::Service> NewSegmentService(Env& env);

}  // namespace rapport::server

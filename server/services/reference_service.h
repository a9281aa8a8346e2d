// SPDX-License-Identifier: Apache-2.0
// ReferenceService: exchange rates, reference series, goals, benchmarks, alerts.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

std::unique_ptr<grpc::Service> NewReferenceService(Env& env);

}  // namespace rapport::server

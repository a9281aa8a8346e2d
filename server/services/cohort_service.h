// SPDX-License-Identifier: Apache-2.0
// rapport.v1.CohortService over reports and transitions of the generation, and over all
// customers' events (cohort_questions.h).
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

// `env` must outlive the service.
std::unique_ptr<grpc::Service> NewCohortService(Env& env);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// FeedbackService: verbatims, follow-ups, movement of scores.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "server/env.h"

namespace rapport::server {

std::unique_ptr<grpc::Service> NewFeedbackService(Env& env);

}  // namespace rapport::server

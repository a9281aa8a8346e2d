// SPDX-License-Identifier: Apache-2.0
// Questions about one figure: the query itself, the customers behind it and what moved it.
// Handlers of MetricService; free of gRPC headers.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rapport/v1/metric_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleQueryMetric(CallContext& call, const v1::QueryMetricRequest& request,
                               v1::QueryMetricResponse* response);
// The parts of a StreamMetric answer, in order.
absl::StatusOr<std::vector<v1::StreamMetricResponse>> StreamParts(
    CallContext& call, const v1::StreamMetricRequest& request);
absl::Status HandleListMetricCustomers(CallContext& call,
                                       const v1::ListMetricCustomersRequest& request,
                                       v1::ListMetricCustomersResponse* response);
absl::Status HandleExplainChange(CallContext& call, const v1::ExplainChangeRequest& request,
                                 v1::ExplainChangeResponse* response);

}  // namespace rapport::server

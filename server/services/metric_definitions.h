// SPDX-License-Identifier: Apache-2.0
// Definitions of metrics: the built-in ones to read, the workspace's own to change. Stored
// in table definitions; at most 500 a workspace. Thread-safe: writers take turns.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/empty.pb.h"
#include "rapport/v1/metric_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleListMetricDefinitions(CallContext& call,
                                         const v1::ListMetricDefinitionsRequest& request,
                                         v1::ListMetricDefinitionsResponse* response);
absl::Status HandleGetMetricDefinition(CallContext& call,
                                       const v1::GetMetricDefinitionRequest& request,
                                       v1::MetricDefinition* response);
absl::Status HandleCreateMetricDefinition(CallContext& call,
                                          const v1::CreateMetricDefinitionRequest& request,
                                          v1::MetricDefinition* response);
absl::Status HandleUpdateMetricDefinition(CallContext& call,
                                          const v1::UpdateMetricDefinitionRequest& request,
                                          v1::MetricDefinition* response);
absl::Status HandleDeleteMetricDefinition(CallContext& call,
                                          const v1::DeleteMetricDefinitionRequest& request,
                                          google::protobuf::Empty* response);

}  // namespace rapport::server

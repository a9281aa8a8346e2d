// SPDX-License-Identifier: Apache-2.0
// The questions of JourneyService, each a pass over all customers with a walker of
// lib/journey. On the worker pool; they end with the call.
#pragma once

#include "absl/status/status.h"
#include "lib/journey/compiled_funnel.h"
#include "rapport/v1/journey_service.pb.h"
#include "server/call_context.h"
#include "server/customer_scan.h"

namespace rapport::server {

absl::Status HandleQueryFunnel(CallContext& call, const v1::QueryFunnelRequest& request,
                               v1::QueryFunnelResponse* response);
absl::Status HandleListFunnelCustomers(CallContext& call,
                                       const v1::ListFunnelCustomersRequest& request,
                                       v1::ListFunnelCustomersResponse* response);
absl::Status HandleFindPainPoints(CallContext& call, const v1::FindPainPointsRequest& request,
                                  v1::FindPainPointsResponse* response);
absl::Status HandleQueryPaths(CallContext& call, const v1::QueryPathsRequest& request,
                              v1::QueryPathsResponse* response);
absl::Status HandleQueryStepEffect(CallContext& call, const v1::QueryStepEffectRequest& request,
                                   v1::QueryStepEffectResponse* response);

// What a funnel needs of a scan, with its own dimension if that is one of customers.
ScanNeeds NeedsOf(const journey::CompiledFunnel& funnel);

}  // namespace rapport::server

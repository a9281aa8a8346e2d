// SPDX-License-Identifier: Apache-2.0
// Questions about journeys: one customer's, those of a stage, the flow of all.
#pragma once

#include "absl/status/status.h"
#include "rapport/v1/framework_service.pb.h"
#include "server/call_context.h"

namespace rapport::server {

absl::Status HandleGetCustomerJourney(CallContext& call,
                                      const v1::GetCustomerJourneyRequest& request,
                                      v1::GetCustomerJourneyResponse* response);
// The default window of the NIGHTLY view is read as the night stored it; all else is a scan.
absl::Status HandleQueryFramework(CallContext& call, const v1::QueryFrameworkRequest& request,
                                  v1::FrameworkReport* response);
absl::Status HandleListStageCustomers(CallContext& call,
                                      const v1::ListStageCustomersRequest& request,
                                      v1::ListStageCustomersResponse* response);

}  // namespace rapport::server

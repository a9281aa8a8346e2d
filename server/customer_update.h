// SPDX-License-Identifier: Apache-2.0
// Changes to a customer's profile: attributes by mask, identities added, creation.
//
// Both run under the engine's writer lock and are durable on return. Errors: InvalidField
// under `customer.`; FailedPrecondition IDENTITY_IN_USE; Aborted ETAG_MISMATCH; NotFound.
#pragma once

#include "absl/status/statusor.h"
#include "rapport/v1/customer_service.pb.h"
#include "server/customer_view.h"

namespace rapport::server {

struct CustomerUpdate {
  const WorkspaceScope& scope;
  std::string customer;  // Decoded last part of the name.
  const v1::UpdateCustomerRequest& request;
  TimeMicros now = 0;
};
// The number of the customer changed or created.
absl::StatusOr<CustomerNo> UpdateCustomer(Env& env, const CustomerUpdate& update);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// Prints what a funnel walker has counted. Pure and thread-safe.
//
// Shares have Wilson intervals at 95 %; changes against the range compared with are tested
// and corrected together. The largest groups by entries are shown, the rest as `other`.
#pragma once

#include "absl/status/statusor.h"
#include "lib/journey/funnel_walker.h"
#include "rapport/v1/journey_service.pb.h"

namespace rapport::journey {

// Of the context: definition, days, sample size and notes; the rest and `partial` are the
// caller's. InvalidField group_by TOO_MANY_GROUPS.
absl::StatusOr<v1::QueryFunnelResponse> AnswerFunnel(const FunnelWalker& walker);

}  // namespace rapport::journey

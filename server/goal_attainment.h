// SPDX-License-Identifier: Apache-2.0
// Where a goal stands now: the metric over the goal's period so far, over the period before,
// and by bucket for the trend. Cost: up to three metric queries.
#pragma once

#include "absl/status/statusor.h"
#include "rapport/v1/reference.pb.h"
#include "server/customer_view.h"
#include "server/metric_reader.h"

namespace rapport::server {

// `reader` reads from `at`. A goal whose metric cannot be computed (any more) has no
// attainment and says why; errors are those of the call: CANCELLED, DEADLINE_EXCEEDED,
// DATA_LOSS and the like.
absl::StatusOr<v1::GoalAttainment> Attain(MetricReader& reader, const ReadPoint& at,
                                          const v1::Goal& goal);

}  // namespace rapport::server

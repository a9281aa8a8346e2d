// SPDX-License-Identifier: Apache-2.0
// Makes the NPS report of a request: seven metric queries over one window
// (lib/metrics/nps_report.h), those that need a scan in one pass.
//
// Pins the generation of its read point; needs no lock. Cost: cells, and for follow-up and
// recovery stored measures with the customers touched since; without a generation one pass
// over the customers.
#pragma once

#include "absl/status/statusor.h"
#include "rapport/v1/metric.pb.h"
#include "rapport/v1/metric_service.pb.h"
#include "server/call_context.h"
#include "server/customer_view.h"

namespace rapport::server {

// InvalidField start_date, end_date, granularity (more months than an answer may have).
absl::StatusOr<v1::NpsReport> MakeNpsReport(const CallContext& call, const ReadPoint& at,
                                            const v1::GetNpsReportRequest& request);

}  // namespace rapport::server

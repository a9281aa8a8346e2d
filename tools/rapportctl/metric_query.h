// SPDX-License-Identifier: Apache-2.0
// Queries of metrics from flags, and those flags.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rapport/v1/metric_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {

// --from, --to, --nightly.
std::vector<Flag> RangeFlags();
Flag FilterFlag();
Flag GroupByFlag();
Flag CompareFlag(std::string_view help);

// `previous` or `last-year`.
v1::Comparison ComparisonOf(std::string_view word);
// What the flags ask for; flags that the action does not have count as not given.
absl::StatusOr<v1::QueryMetricRequest> MetricQuery(Invocation& invocation, std::string_view metric);

}  // namespace rapport::ctl

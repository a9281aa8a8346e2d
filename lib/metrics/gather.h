// SPDX-License-Identifier: Apache-2.0
// Reads the cells that a metric needs over a range and sums them up per bucket, per group
// and over the whole range. Not thread-safe; one per query.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lib/metrics/query.h"
#include "lib/metrics/range.h"
#include "lib/metrics/tally.h"

namespace rapport::metrics {

// Channel and touchpoint; 0 where not grouped by.
using GroupKey = std::pair<uint8_t, uint32_t>;

struct GatherPlan {
  const v1::MetricDefinition& definition;
  const QueryScope& scope;
  const QueryRange& range;
  std::span<const Dimension> group_by;
  double customer_years = 1;
};

struct Gathered {
  std::vector<Figures> buckets;  // As plan.range.buckets.
  std::optional<Figures> whole;  // nullopt: distinct customers are not known over the range.
  std::map<GroupKey, std::vector<Tally>> groups;
};

// InvalidArgument on granularity, start_date or end_date when distinct customers are asked
// for over days for which they are not kept; errors of `read`.
absl::StatusOr<Gathered> Gather(const GatherPlan& plan, CellReader read);

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
// What a night computes a workspace's metrics in: its settings, names, rates and series as
// the checkpoint holds them, and the definitions.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "lib/filter/names.h"
#include "lib/metrics/registry.h"
#include "lib/metrics/scope.h"
#include "lib/reference/book.h"

namespace rapport::jobs {

// `scope` points into the other members; kept where it is made.
struct MetricScope {
  filter::NameLists names;
  std::shared_ptr<const reference::Book> book;
  metrics::Registry registry;
  metrics::Scope scope;  // As of the run.
};

// DataLoss for rows that do not decode.
absl::StatusOr<std::unique_ptr<const MetricScope>> LoadMetricScope(const Run& run,
                                                                   const WorkspaceRun& workspace);

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
// Metrics by civil day from the series of one version: the run's own, once its stages have
// written them, or the generation before.
//
// Cost: the cells of a metric's types over the days asked for, about a microsecond each.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "jobs/pipeline/run.h"
#include "lib/base/calendar.h"
#include "lib/metrics/measure_cells.h"
#include "lib/metrics/prepared_query.h"
#include "lib/metrics/scope.h"
#include "lib/metrics/sum_table.h"
#include "lib/reference/alerts.h"

namespace rapport::jobs {

class DailyFigures {
 public:
  // `state` is what the version's run left of the workspace. All outlive the figures.
  struct Source {
    const Run& run;
    uint32_t workspace_no;
    store::Version version;
    const WorkspaceState& state;
    const metrics::Scope& scope;  // As of the version.
  };
  explicit DailyFigures(const Source& source) : source_(source) {}

  // One figure per day of [begin, end); nullopt when the series do not hold the metric by
  // day, or its definition cannot be computed now.
  using Figures = std::vector<reference::DailyFigure>;
  absl::StatusOr<std::optional<Figures>> Of(const v1::MetricDefinition& definition, CivilDays begin,
                                            CivilDays end) const;

 private:
  absl::Status ReadCells(const metrics::PreparedQuery& query, metrics::SumTable& table) const;
  absl::Status ReadMeasures(const metrics::PreparedQuery& query, metrics::SumTable& table) const;
  // 0: the version stored no measures of the metric with this fingerprint.
  uint32_t NumberOf(std::string_view metric, std::string_view fingerprint) const;

  const Source source_;
};

}  // namespace rapport::jobs

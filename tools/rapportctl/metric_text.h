// SPDX-License-Identifier: Apache-2.0
// Answers about metrics as people, spreadsheets and terminals read them.
#pragma once

#include <string>

#include "google/protobuf/repeated_field.h"
#include "rapport/v1/metric.pb.h"
#include "rapport/v1/metric_service.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// " %", " s", " points" or "".
std::string UnitText(v1::MetricUnit unit);
int DecimalsOf(v1::MetricUnit unit);
// "12.5 (10.1 to 15.2, 95 %)  n 1,234" or "no value".
std::string PointText(const v1::MetricPoint& point, int decimals);
// "+2.3, +12.0 %, p 0.012 significant".
std::string DifferenceText(const v1::Difference& difference, int decimals);
// One group a line when each is one bucket, else a chart per group.
std::string GroupsText(const google::protobuf::RepeatedPtrField<v1::MetricSeries>& groups,
                       int decimals, const Terminal& terminal);
// Headline, chart, comparisons, quantiles, groups, goal and benchmarks, context.
std::string MetricText(const v1::QueryMetricResponse& answer, const Terminal& terminal);
// One line a point: group columns, then the point; the total's group columns are empty.
std::string MetricCsv(const v1::QueryMetricResponse& answer,
                      const google::protobuf::RepeatedPtrField<std::string>& group_by);
// Formula, events, window, bands, source of one definition.
std::string DefinitionText(const v1::MetricDefinition& definition, const Terminal& terminal);
// Before and after, then each dimension with its groups.
std::string ExplainText(const v1::ExplainChangeResponse& answer, int decimals,
                        const Terminal& terminal);

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
// Retention, growth, stickiness and stage times as text.
#pragma once

#include <string>

#include "rapport/v1/growth.pb.h"
#include "rapport/v1/retention.pb.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// Cohorts as lines, periods as columns, then the pooled mean; shaded where there is colour.
// Cells that are not over carry an asterisk. `value` kRevenue: net revenue to date for each
// start.
std::string RetentionText(const v1::AnalyzeRetentionResponse& answer, HeatValue value,
                          const Terminal& terminal);
std::string GrowthText(const v1::QueryGrowthResponse& answer, const Terminal& terminal);
std::string StickinessText(const v1::QueryStickinessResponse& answer, const Terminal& terminal);
std::string StageTimesText(const v1::QueryStageTimesResponse& answer, const Terminal& terminal);

}  // namespace rapport::ctl

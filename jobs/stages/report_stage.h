// SPDX-License-Identifier: Apache-2.0
// reports: the reports that other stages left in the run's state, as dataset reports.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewReportStage();

// Leaves a report (a serialized v1 message) for this stage.
void AddReport(Run& run, uint32_t workspace_no, std::string_view name, std::string message);

}  // namespace rapport::jobs

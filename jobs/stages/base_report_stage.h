// SPDX-License-Identifier: Apache-2.0
// base_reports: cohort triangles and lifecycle counts over all customers of a workspace.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewBaseReportStage();

}  // namespace rapport::jobs

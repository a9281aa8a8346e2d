// SPDX-License-Identifier: Apache-2.0
// The stages of the nightly run, all of them. Fresh ones for each run: stages hold sums.
#pragma once

#include <memory>
#include <vector>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::vector<std::unique_ptr<Stage>> AllStages();

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
// facts: what the server shows of each customer (lifecycle, RFM, value), in dataset
// facts, and the value report over all of them.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewFactsStage();

}  // namespace rapport::jobs

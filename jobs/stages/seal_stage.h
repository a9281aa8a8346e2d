// SPDX-License-Identifier: Apache-2.0
// seal: turns what the log brought since the last generation into a segment of event
// blocks, takes it into the checkpoint, and notes which customers changed.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewSealStage();

}  // namespace rapport::jobs

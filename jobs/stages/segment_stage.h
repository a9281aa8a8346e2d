// SPDX-License-Identifier: Apache-2.0
// Segments: who belongs to each at as_of (dataset segments: bitmaps by customer number and
// by value), who came and went since the generation before and when, who will by time
// alone; figures with their history; the RFM grid; all customers in order of value.
//
// Depends on events, facts and attributes as of the run, and on the generation before for
// entries, exits and history alone.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewSegmentStage();

}  // namespace rapport::jobs

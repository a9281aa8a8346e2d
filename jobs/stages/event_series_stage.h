// SPDX-License-Identifier: Apache-2.0
// event_series: the exact cells of events, dataset series. Where last night's cells hold, only
// the cells of the newly logged events are added to them.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewEventSeriesStage();

}  // namespace rapport::jobs

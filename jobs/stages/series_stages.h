// SPDX-License-Identifier: Apache-2.0
// The exact metric series, dataset series.
//
//   event_series  cells of events. Where last night's cells hold, only the cells of the
//                 newly logged events are added to them.
//   fold_series   cells of customers (purchasers, active, members), from their folds.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewEventSeriesStage();
std::unique_ptr<Stage> NewFoldSeriesStage();

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
// predict: the classifiers of churn and of the top value decile, trained on what was known
// one and two horizons ago.
//
// Memory: about 250 bytes a row, at most about 200,000 rows.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewPredictStage();

}  // namespace rapport::jobs

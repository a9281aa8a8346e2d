// SPDX-License-Identifier: Apache-2.0
// fold: each customer's events as a store.v1.CustomerFold, in dataset folds. Folds that
// still hold are passed on byte by byte.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewFoldStage();

}  // namespace rapport::jobs

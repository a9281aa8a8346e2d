// SPDX-License-Identifier: Apache-2.0
// transitions: every step of every customer from one lifecycle stage to the next, newest
// first. The rows leave the customer's name empty: the key has its number, and the server
// fills in the name it has by then.
//
// Memory: 24 bytes a transition.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewTransitionStage();

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
// value_fit: the workspace's models, fitted on all customers with orders: BG/NBD and
// Gamma-Gamma with fit report and holdout, RFM quintiles, deciles of predicted value.
//
// Memory: about 100 bytes a customer with orders.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewValueFitStage();

}  // namespace rapport::jobs

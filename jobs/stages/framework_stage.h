// SPDX-License-Identifier: Apache-2.0
// frameworks: where every customer stands in every framework (dataset standings), and each
// framework's report over the 12 months up to as_of (report `frameworks`), for the built-in
// frameworks and the workspace's own. One pass of its own over all customers and their
// events up to as_of, all frameworks at once, every night: what a customer's journey is
// depends on no night before. Sums are whole numbers, rows come in the order of customers.
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewFrameworkStage();

}  // namespace rapport::jobs

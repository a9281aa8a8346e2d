// SPDX-License-Identifier: Apache-2.0
// Groups stages into waves: a stage comes after all it needs, and shares its wave, that
// is one pass over the customers, with stages of the same source that are ready, too.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

struct Wave {
  Source source = Source::kNone;
  std::vector<Stage*> stages;
};

// Waves in the order to run. Internal: unknown need, two stages of one name, a cycle.
absl::StatusOr<std::vector<Wave>> PlanWaves(std::span<const std::unique_ptr<Stage>> stages);

// For people: a line per wave with source, stages and what they need.
std::string DescribePlan(std::span<const Wave> waves);

}  // namespace rapport::jobs

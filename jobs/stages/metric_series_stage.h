// SPDX-License-Identifier: Apache-2.0
// Sums of metrics whose observations are more than events (conversions, durations,
// sessions, distinct customers, members, recurring revenue, engagement): family kMeasures
// of dataset series, for the built-in definitions and the workspace's own, over all events
// up to as_of. Sums of the generation before are taken up where definition, settings and
// rates are the same, with the changed customers' shares replaced; engagement, which decays
// towards as_of, and new definitions are summed over all customers. The bytes are the same.
//
// Also what later answers need to take these sums apart: the metrics' numbers and
// fingerprints (manifest) and the merges that were in force (reports `merges/NNNNN`).
#pragma once

#include <memory>

#include "jobs/pipeline/stage.h"

namespace rapport::jobs {

std::unique_ptr<Stage> NewMetricSeriesStage();

}  // namespace rapport::jobs

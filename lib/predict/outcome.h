// SPDX-License-Identifier: Apache-2.0
// A forecast beside what happened: what calibration and every measure of quality start from.
//
// Everything that takes outcomes brings them into one order first, so that sums have the
// same bits in whatever order they came. Pure and thread-safe.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "absl/status/status.h"

namespace rapport::predict {

struct Outcome {
  double probability = 0;  // The forecast, 0..1.
  bool happened = false;
  double weight = 1;
};

// InvalidArgument: OUT_OF_RANGE "outcomes[i].probability", NOT_POSITIVE "outcomes[i].weight".
absl::Status CheckOutcomes(std::span<const Outcome> outcomes);
// Ascending by probability, then outcome, then weight.
void SortOutcomes(std::vector<Outcome>& outcomes);
// Weighted mean of -log P(what happened); probabilities count as at least 1e-15 and at
// most 1 - 1e-15. 0 for no outcomes.
double LogLoss(std::span<const Outcome> outcomes);

// log(p / (1 - p)) of a probability brought into [1e-15, 1 - 1e-15].
double LogOdds(double probability);

}  // namespace rapport::predict

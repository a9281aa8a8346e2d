// SPDX-License-Identifier: Apache-2.0
// Why a customer's probability is what it is: which features raise it and which lower it.
//
// A feature contributes the sum of w_j (z_j - mean z_j) over its columns: how far it moves
// the log-odds away from those of the average training customer, whose z is 0. The
// contributions of all features add up to the customer's log-odds less the intercept. They
// are on the scale before calibration, which keeps the order of customers.
//
// A reason explains the model, not the world: features that go together (orders in 30 and
// in 90 days) share one effect between them, and nothing here says that changing a
// feature would change what happens.
//
// Larger contributions first; equal ones by the table's order. Features whose contribution
// is below `least` either way are not named. Pure and thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/predict/classifier.h"

namespace rapport::predict {

struct Reason {
  std::string feature;        // `recency_days`.
  double contribution = 0;    // Log-odds; > 0 raises the probability.
  double value = kMissing;    // Missing when the customer has none.
  double typical = kMissing;  // The training customers' median.
  std::string text;           // "no order for 84 days (typical 21)"
};

struct Reasons {
  std::vector<Reason> raising;
  std::vector<Reason> lowering;
};

struct ReasonOptions {
  size_t most = 3;  // Of each direction.
  double least = 0.01;
};

// InvalidArgument LENGTH_MISMATCH "features".
absl::StatusOr<Reasons> ExplainClassification(const Classifier& classifier,
                                              std::span<const double> features,
                                              const ReasonOptions& options = {});

}  // namespace rapport::predict

// SPDX-License-Identifier: Apache-2.0
// Bootstrap of a purchase fit: how far parameters might have come out otherwise, without
// trusting the Hessian.
//
// Each replicate draws customers anew: a folded row of w customers stands for Poisson(w) of
// them (Hanley and MacGibbon 2006, the Poisson bootstrap), and the model is fitted again
// from the estimate with its curvature known, about 8 passes. Draws are joint: use them
// whole to carry parameter uncertainty into any figure.
//
// Pure and deterministic: the same rows, fit and seed give the same bits on any threads.
// Cost: replicates x (one Poisson draw a distinct row + 8 passes).
//
//   ASSIGN_OR_RETURN(Bootstrap b, BootstrapFit(folded, fit, {.replicates = 200, .seed = 7}));
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/purchase_fit.h"

namespace rapport::value {

struct BootstrapOptions {
  uint32_t replicates = 200;
  uint64_t seed = 0;
  double confidence = 0.95;   // Of the percentile intervals.
  ParallelFor parallel = {};  // Over replicates.
  // Asked before each replicate, on its thread; after an error no more are fitted.
  std::function<absl::Status()> alive = {};
};

struct BootstrapInterval {
  std::string name;  // As in the fit's summary.
  double estimate = 0;
  double low = 0;
  double high = 0;
  double standard_error = 0;  // Standard deviation of the draws.
};

struct Bootstrap {
  std::vector<ModelParameters> draws;  // In the order of replicates.
  uint32_t left_out = 0;               // Replicates whose fit did not converge.
  std::vector<BootstrapInterval> intervals;
};

// `fit` is of `rows`. InvalidArgument OUT_OF_RANGE "confidence" or "replicates" (2 or more);
// FailedPrecondition NOT_CONVERGED when fewer than 2 replicates converged; errors of
// options.alive.
absl::StatusOr<Bootstrap> BootstrapFit(const FoldedPurchases& rows, const PurchaseFit& fit,
                                       const BootstrapOptions& options = {});

// The replicate's rows: Poisson weights of its own stream.
FoldedPurchases PoissonReplicate(const FoldedPurchases& rows, uint64_t seed, uint32_t replicate);

}  // namespace rapport::value

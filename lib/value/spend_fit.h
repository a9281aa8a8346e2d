// SPDX-License-Identifier: Apache-2.0
// How purchases are valued: Gamma-Gamma when it fits and value is independent of
// frequency, else a plain mean with the reason.
//
// Pure; same rows in any order, same bits. Cost: one sort and some 30 passes over distinct
// (x, sum).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/clv.h"
#include "lib/value/gamma_gamma.h"

namespace rapport::value {

struct SpendFitOptions {
  std::span<const double> weights = {};  // Empty = 1 each.
  double min_repeaters = 10;             // With positive value; fewer: plain mean.
  bool require_mean = false;             // Constraint q > 1: a finite population mean.
};

struct SpendFit {
  SpendModel model;                               // What to score with.
  std::optional<GammaGammaFit> gamma_gamma = {};  // For the report, even when not used.
  IndependenceCheck independence = {};
  double repeaters = 0;
  double without_positive_value = 0;  // Repeaters left out.
};

// Rows are valid histories (ValidateHistory). InvalidArgument "weights[i]".
absl::StatusOr<SpendFit> FitSpend(std::span<const PurchaseHistory> rows,
                                  const SpendFitOptions& options = {});

}  // namespace rapport::value

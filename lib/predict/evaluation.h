// SPDX-License-Identifier: Apache-2.0
// How good probabilities were, against what happened: order (AUC, gains), size (Brier score,
// log loss) and honesty (reliability table, calibration line, expected calibration error).
//
// Weights count as so many rows in every mean; intervals use the effective number of rows
// (sum w)^2 / sum w^2 (Kish 1965), which is n when all weights are equal. Equal forecasts
// are never told apart: they share a bin, half of each pair counts for the AUC, and gains
// spread evenly over them. So nothing depends on the order of rows.
//
// Sources: Brier 1950; Murphy 1973 and Stephenson, Coelho and Jolliffe 2008 for the
// decomposition; Hanley and McNeil 1982 and DeLong et al. 1988 for AUC and its error; Cox
// 1958 for the calibration line; Naeini et al. 2015 for the expected calibration error.
//
// Pure and thread-safe. Cost: one sort (1M rows: 0.2 s) and a few passes.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/math/stats.h"
#include "lib/predict/calibration.h"
#include "lib/predict/outcome.h"

namespace rapport::predict {

// Rows of similar forecast, about equally many in each bin.
struct ReliabilityBin {
  size_t rows = 0;
  double weight = 0;
  double lowest = 0, highest = 0;  // Forecasts.
  double mean_forecast = 0;
  math::Interval observed;  // Share in which it happened, 95 % Wilson interval.
};

// The customers with the highest forecasts first, a tenth at a time.
struct GainDecile {
  double rate = 0;             // Share in which it happened, this tenth.
  double lift = 0;             // Rate over the base rate.
  double cumulative_gain = 0;  // Share of all that happened, up to and with this tenth.
  double cumulative_lift = 0;
  double lowest = 0;  // The lowest forecast of this tenth.
};

// brier = reliability - resolution + uncertainty + within_bins, over the bins of the table.
struct BrierTerms {
  double reliability = 0;  // Lower is better: distance of forecasts from observed rates.
  double resolution = 0;   // Higher is better: how far rates differ between bins.
  double uncertainty = 0;  // Base rate times its complement: what nature gives.
  double within_bins = 0;  // What grouping hides.
};

struct Evaluation {
  size_t rows = 0;
  size_t positives = 0;
  double weight = 0;
  double base_rate = 0;
  double mean_forecast = 0;

  double brier = 0;
  double brier_skill = 0;  // 1 - brier / (brier of the base rate); 0 when that is 0.
  BrierTerms brier_terms;
  double log_loss = 0;
  double log_loss_base_rate = 0;  // Entropy of the base rate.

  // Nothing when one of the outcomes is absent. 95 % interval by DeLong, within 0..1.
  std::optional<math::Interval> auc;
  std::optional<LogOddsLine> calibration_line;  // Ideal: intercept 0, slope 1.
  std::vector<ReliabilityBin> reliability;      // Ascending; bins that ties empty are left out.
  double expected_calibration_error = 0;        // Mean |observed - forecast| over bins.
  double largest_calibration_error = 0;
  std::vector<GainDecile> gains;  // Ten, highest forecasts first; empty when nothing happened.
};

inline constexpr int kReliabilityBins = 10;

// InvalidArgument as CheckOutcomes; FailedPrecondition NOT_ENOUGH_DATA without rows.
absl::StatusOr<Evaluation> Evaluate(std::vector<Outcome> outcomes, int bins = kReliabilityBins);

}  // namespace rapport::predict

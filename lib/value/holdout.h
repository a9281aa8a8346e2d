// SPDX-License-Identifier: Apache-2.0
// Forecast against what happened: expected purchases of a holdout period beside the actual
// ones, and what naive forecasts would have done.
//
// FoldHoldout() folds customers into distinct (history, actual) rows once; every model is
// then judged on them. Days; purchases are counted as repeat purchases are (distinct days).
//
// Pure; same customers in any order, same bits. Cost: one sort; a model costs one P(alive)
// a distinct row and one expectation a distinct (x, T).
//
//   ASSIGN_OR_RETURN(HoldoutSample sample, FoldHoldout({histories, actual, 273}));
//   ASSIGN_OR_RETURN(std::vector<double> expected, ExpectedOf(fit.parameters, sample));
//   HoldoutReport report = JudgeHoldout(sample, expected);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/purchase_fit.h"
#include "lib/value/purchase_model.h"
#include "lib/value/rfm.h"

namespace rapport::value {

// Means are over customers. The mean absolute error is mean |expected - actual|, not
// sum |error| / sum actual, which some texts print under that name.
struct HoldoutReport {
  double customers = 0;
  double mean_absolute_error = 0;
  double root_mean_squared_error = 0;
  double bias = 0;  // Mean of expected - actual: > 0 is too optimistic.
  double total_expected = 0;
  double total_actual = 0;
  double mean_squared_log_error = 0;  // Of log(1 + purchases).
  // |total expected - total actual| / total actual; nullopt when nothing was bought.
  std::optional<double> total_percentage_error = std::nullopt;
};

// Parallel arrays, one entry per customer; optional ones may be empty.
struct HoldoutInput {
  std::span<const PurchaseHistory> calibration;
  std::span<const double> actual;  // Purchases in the horizon after calibration.
  double horizon_days = 0;
  std::span<const double> recent = {};  // Purchases in the last horizon_days of calibration.
  std::span<const double> weights = {};
  CovariatePatterns covariates = {};
};

struct HoldoutRow {
  uint32_t pattern = 0;
  PurchaseHistory history;
  double actual = 0;
  double recent = 0;
  double weight = 0;
};

struct HoldoutSample {
  std::vector<HoldoutRow> rows;               // Distinct, by (pattern, x, T, t_x, ...).
  std::vector<std::vector<double>> patterns;  // Covariates; empty without.
  double horizon_days = 0;
  bool has_recent = false;
};

// InvalidArgument naming "calibration[i].<field>", "actual[i]", "actual", "recent",
// "weights[i]", "horizon_days", "calibration" (EMPTY).
absl::StatusOr<HoldoutSample> FoldHoldout(const HoldoutInput& input);

// E[purchases in the horizon], one per row of the sample. Errors of ApplyCovariates and
// MakePurchaseModel.
absl::StatusOr<std::vector<double>> ExpectedOf(const ModelParameters& parameters,
                                               const HoldoutSample& sample);

// `expected` is one per row, finite.
HoldoutReport JudgeHoldout(const HoldoutSample& sample, std::span<const double> expected);

// What needs no model, from the calibration period alone.
struct NaiveForecasts {
  // Each customer goes on at the own rate: x / T times the horizon (0 at T = 0).
  HoldoutReport past_rate;
  // Everybody buys at the population's rate: sum x / sum T times the horizon.
  HoldoutReport population_mean;
  // Each customer repeats the last period of the horizon's length; needs `recent`.
  std::optional<HoldoutReport> last_period;
};
NaiveForecasts JudgeNaive(const HoldoutSample& sample);

// Customers with x purchases in calibration: mean purchases in the holdout.
struct ConditionalRow {
  uint32_t frequency = 0;  // The last row counts this and more.
  double customers = 0;
  double actual = 0;    // Mean; 0 without customers.
  double expected = 0;  // Mean.
};
// x = 0 .. most, the last line being `most` and more.
std::vector<ConditionalRow> ConditionalExpectations(const HoldoutSample& sample,
                                                    std::span<const double> expected,
                                                    uint32_t most = 7);

}  // namespace rapport::value

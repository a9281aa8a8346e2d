// SPDX-License-Identifier: Apache-2.0
// Logistic regression with an L2 penalty, on any number of weighted rows.
//
// Minimises  sum_i w_i [softplus(eta_i) - y_i eta_i] + penalty / 2 * sum_j b_j^2,
// eta = b_0 + sum_j b_j z_j; the intercept b_0 is not penalised. A penalty is needed (> 0):
// it is the precision of a normal prior on each coefficient, so that a feature which
// separates the classes cannot run away, and columns that repeat each other or never vary
// are shared out or stay 0. Columns are expected to be standardised.
//
// Newton's method (iteratively reweighted least squares, Hastie, Tibshirani and Friedman
// 2009, 4.4.1) with halved steps. The covariance is the inverse of the penalised
// information: Laplace's approximation of the posterior, a weight counting as so many rows.
//
// Deterministic: rows are summed in blocks of fixed size in the order given. Rows are
// asked for block by block, so the caller may keep them in any form. Pure; thread-safe
// if `load` is. Cost: a pass is k^2 / 2 multiplications a row, and a fit 4 to 8 passes:
// 1M rows of 30 columns take 2 s on one core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace rapport::predict {

// Writes rows first .. first + count - 1 into `block`, row by row, `stride` apart; the
// columns of row i start at block[i * stride]. Every number is finite.
struct RowBlock {
  size_t first = 0;
  size_t count = 0;
  size_t stride = 0;
  double* block = nullptr;
};

struct LogisticRows {
  size_t columns = 0;
  std::span<const uint8_t> happened;  // 0 or 1.
  std::span<const float> weights;     // >= 0; rows of weight 0 are left out.
  absl::FunctionRef<void(const RowBlock&)> load;
};

struct LogisticOptions {
  double penalty = 1;
  // Largest |slope| of the objective divided by the sum of weights that counts as converged.
  double gradient_tolerance = 1e-9;
  int max_iterations = 60;
  std::span<const double> start = {};  // Intercept first; empty: the base rate.
};

struct LogisticFit {
  std::vector<double> coefficients;  // Intercept first.
  std::vector<double> covariance;    // Row-major, (columns + 1)^2.
  double penalty = 0;
  double log_likelihood = 0;  // Without the penalty.
  double gradient_norm = 0;   // As in LogisticOptions.
  int iterations = 0;         // Passes over the rows.
  bool converged = false;

  double standard_error(size_t i) const;
};

// InvalidArgument: NOT_POSITIVE "penalty". FailedPrecondition NOT_ENOUGH_DATA when one of
// the two outcomes is absent.
absl::StatusOr<LogisticFit> FitLogistic(const LogisticRows& rows, const LogisticOptions& options);

// Weighted mean of -log P(what happened), rows with `weights` > 0 only.
double MeanLogLoss(const LogisticRows& rows, std::span<const double> coefficients);

// The penalty is chosen by k-fold cross-validation over a grid: the smallest mean log loss
// of rows a fit has not seen; of equal ones the larger penalty.
struct PenaltyTrial {
  double penalty = 0;
  double log_loss = 0;
};
struct PenaltyChoice {
  double penalty = 1;
  std::vector<PenaltyTrial> trials;  // Empty when a fold lacked one of the outcomes.
};
inline constexpr double kPenaltyGrid[] = {1000, 300, 100, 30, 10, 3, 1, 0.1, 0.01};

// `fold[i]` is the fold of row i, below `folds`. Grid in descending order.
PenaltyChoice ChoosePenalty(const LogisticRows& rows, std::span<const uint8_t> fold, uint32_t folds,
                            std::span<const double> grid = kPenaltyGrid);
// The same on other rows, such as those of a later cutoff.
PenaltyChoice ChoosePenalty(const LogisticRows& rows, const LogisticRows& validation,
                            std::span<const double> grid = kPenaltyGrid);

}  // namespace rapport::predict

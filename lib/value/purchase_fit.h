// SPDX-License-Identifier: Apache-2.0
// Fits every purchase model: maximum likelihood over folded histories, with weights,
// covariates, a warm start and standard errors.
//
// Parameters are fitted as logarithms, those that carry time relative to the mean age;
// covariates are centred and scaled inside, so that neither their unit nor their origin
// matters to convergence. Covariates that add nothing (constant, or a combination of
// others) are left out, their effects stay 0, and `left_out_covariates` names them.
// Standard errors are those of the Hessian; an estimate that runs to its bound or that the
// data do not hold in place is "not identified" (lib/value/fit_summary.h). A fit that is
// not usable is tried from a second start first.
//
// Large tables (over 2^16 distinct rows) are fitted on a systematic sample first, which
// starts the full fit next to the maximum with its curvature known: about 15 passes over
// the full table instead of 40. The maximum is that of the full table all the same.
//
// Pure. Same rows in any order, same bits; so with any `parallel`. Cost: one sort, then
// FitSummary.evaluations passes over the distinct rows; memory 16 bytes a distinct row and
// 8 a distinct time beside the table.
//
//   ASSIGN_OR_RETURN(PurchaseFit fit, FitPurchases(ModelKind::kMbgNbd, histories, {}));
//   if (fit.summary.usable()) ...MakePurchaseModel(fit.parameters)...
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lib/value/fit_summary.h"
#include "lib/value/purchase_model.h"
#include "lib/value/purchase_table.h"

namespace rapport::value {

// Calls run(0) .. run(n - 1), in any order and on any threads, and returns when all are
// done. Empty: one after another. What is run, and the order of sums, never depend on it.
using ParallelFor = std::function<void(size_t n, absl::FunctionRef<void(size_t)> run)>;

// Customers share few distinct covariate vectors: each row says which of them it has.
struct CovariatePatterns {
  std::vector<std::vector<double>> patterns;      // Each as long as the others.
  std::span<const uint32_t> pattern_of_row = {};  // Index into `patterns`, one per row.
  std::vector<std::string> names = {};            // Empty: covariate0, covariate1, ...
};

struct PurchaseFitOptions {
  double time_unit_days = 7;             // Days between opportunities for bg_bb.
  std::span<const double> weights = {};  // Empty = 1 each; else one per row, >= 0.
  CovariatePatterns covariates = {};     // No patterns: none.
  uint32_t regularity = 1;               // k of (m)bg_cnbd_k.
  // Last night's parameters, effects included; another time unit is converted. Effects of
  // another number of covariates are dropped.
  std::optional<ModelParameters> warm_start = std::nullopt;
  // Covariance of the logarithms as PurchaseFit reports it, from a fit to similar data:
  // spares evaluations.
  std::span<const double> warm_covariance = {};
  // Without errors a fit costs 2 n passes less: no covariance, no standard errors, and
  // "identified" only says that no bound was reached.
  bool want_errors = true;
  ParallelFor parallel = {};
};

// Histories folded once for many fits: one table per distinct covariate pattern.
struct FoldedPurchases {
  double time_unit_days = 7;
  std::vector<std::string> covariate_names;
  std::vector<std::vector<double>> patterns;  // Per table, ascending; one empty without.
  std::vector<PurchaseTable> tables;
  double weight = 0;         // Customers.
  double repeat_weight = 0;  // Customers with a repeat purchase.
  size_t distinct_rows = 0;
};

// Uses time_unit_days, weights and covariates of the options. InvalidArgument naming
// "rows[i].<field>", "weights[i]", "time_unit_days", "covariates.patterns[i]",
// "covariates.pattern_of_row" or "covariates.names".
absl::StatusOr<FoldedPurchases> FoldForFit(std::span<const PurchaseHistory> rows,
                                           const PurchaseFitOptions& options);
// Wald: is this effect 0? z = effect / standard error, p two-sided.
struct EffectTest {
  std::string name;  // As in the summary: `alpha:covariate0`.
  double effect = 0;
  double standard_error = 0;
  double z = 0;
  double p_value = 1;
};

// Likelihood ratio: do the covariates say anything together?
struct CovariateTest {
  double log_likelihood_without = 0;
  double statistic = 0;  // 2 (LL with - LL without), chi-square under "no effect".
  int degrees = 0;
  double p_value = 1;
  std::vector<EffectTest> effects;
};

struct PurchaseFit {
  ModelParameters parameters;
  // Base parameters as TraitsOf(kind).parameters, then effects as `alpha:covariate0`,
  // slot by slot. `evaluations` counts passes over the full table.
  FitSummary summary;
  // Covariance of (log base parameters, effects [slot][covariate]), row-major, for the
  // delta method; rows of what was left out are 0. Empty when the Hessian is singular.
  std::vector<double> covariance;
  std::vector<std::string> left_out_covariates;
  std::optional<CovariateTest> covariate_test;
};

// Errors of FoldForFit; InvalidArgument "warm_start.<parameter>", "regularity";
// FailedPrecondition NOT_ENOUGH_DATA without any repeat purchase. A fit that did not
// converge is returned and says so in `summary`.
absl::StatusOr<PurchaseFit> FitPurchases(ModelKind kind, std::span<const PurchaseHistory> rows,
                                         const PurchaseFitOptions& options = {});
// The same over folded rows; time_unit_days, weights and covariates are the fold's.
absl::StatusOr<PurchaseFit> FitPurchases(ModelKind kind, const FoldedPurchases& rows,
                                         const PurchaseFitOptions& options = {});

// k = 1, 2, 3, ... until the likelihood falls (Platzer and Reutterer 2016; BTYDplus tries
// integers too).
struct RegularFit {
  PurchaseFit best;
  std::vector<FitSummary> tried;  // k = 1, 2, ...; the last is past the maximum.
};
inline constexpr uint32_t kMaxRegularity = 16;

// `kind` is kBgCnbdK or kMbgCnbdK (InvalidArgument "kind" otherwise); options.regularity is
// ignored. Errors of FitPurchases.
absl::StatusOr<RegularFit> FitRegular(ModelKind kind, const FoldedPurchases& rows,
                                      const PurchaseFitOptions& options = {});

}  // namespace rapport::value

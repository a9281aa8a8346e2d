// SPDX-License-Identifier: Apache-2.0
// The value model of a workspace: purchases (BG/NBD) and spend (Gamma-Gamma) fitted
// together, with the report that says whether to trust them.
//
// FitValueModel() is the nightly call. It decides how spend is valued: Gamma-Gamma when
// it fits and value is independent of frequency, else a plain mean with the reason. A
// purchase fit that did not converge or is not identified comes back with
// `purchases.summary.usable()` false: the caller keeps the last good parameters.
//
// ValueParameters are what is stored; MakeScorer() needs nothing else. Pure,
// deterministic, thread-safe (scorers are not: one per shard).
//
//   ASSIGN_OR_RETURN(ValueFit fit, FitValueModel(histories));
//   if (fit.usable()) Publish(fit.parameters());
//   ASSIGN_OR_RETURN(ClvScorer scorer, MakeScorer(fit.parameters(), clv_options));
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "lib/value/bg_nbd.h"
#include "lib/value/clv.h"
#include "lib/value/gamma_gamma.h"

namespace rapport::value {

struct ValueParameters {
  BgNbdParameters purchases;
  std::optional<GammaGammaParameters> spend = std::nullopt;  // nullopt: plain mean.
  double plain_mean = 0;
  SpendReason spend_reason = SpendReason::kNone;
};

struct ValueFitOptions {
  double time_unit_days = 7;
  double min_repeaters = 10;             // Below: FailedPrecondition NOT_ENOUGH_DATA.
  std::span<const double> weights = {};  // Empty = 1 each.
  std::optional<ValueParameters> warm_start = std::nullopt;  // Last night's.
};

struct ValueFit {
  BgNbdFit purchases;
  std::optional<GammaGammaFit> spend = std::nullopt;  // For the report, even when not used.
  IndependenceCheck independence = {};
  SpendReason spend_reason = SpendReason::kNone;
  double plain_mean = 0;
  double customers = 0;
  double repeaters = 0;
  double without_positive_value = 0;  // Repeaters left out of the spend fit.

  bool usable() const { return purchases.summary.usable(); }
  ValueParameters parameters() const;
};

// InvalidArgument naming "rows[i].<field>"; FailedPrecondition NOT_ENOUGH_DATA.
absl::StatusOr<ValueFit> FitValueModel(std::span<const PurchaseHistory> rows,
                                       const ValueFitOptions& options = {});

// InvalidArgument naming the parameter or option.
absl::StatusOr<ClvScorer> MakeScorer(const ValueParameters& parameters,
                                     const ClvOptions& options = {});

// Forecast against what happened, one pair per customer.
struct HoldoutReport {
  double customers = 0;
  double mean_absolute_error = 0;  // Mean |expected - actual|.
  double root_mean_squared_error = 0;
  double bias = 0;  // Mean of expected - actual: > 0 is too optimistic.
  double total_expected = 0;
  double total_actual = 0;
};
// InvalidArgument (LENGTH_MISMATCH "actual", EMPTY "expected", NOT_FINITE
// "expected[i]" or "actual[i]").
absl::StatusOr<HoldoutReport> EvaluateHoldout(std::span<const double> expected,
                                              std::span<const double> actual);

}  // namespace rapport::value

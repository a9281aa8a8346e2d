// SPDX-License-Identifier: Apache-2.0
// "What if": what customers would be worth if they stayed longer, bought more often, or
// paid more from today on.
//
// The past stays as it is: P(alive) and what a customer's history says about its own
// rates are computed with the fitted parameters. A change acts on those posterior rates,
// for the future only. With x purchases, age T, d = retention and f = frequency:
//   buying rate    ~ Gamma(r + x, alpha + T)  becomes Gamma(r + x, (alpha + T) / (1 + f)):
//                  every own rate is multiplied by 1 + f (r + k x for regular buyers).
//   leaving        Pareto/NBD: rate ~ Gamma(s, beta + T) becomes Gamma(s, (beta + T) /
//                  (1 - d)): every own rate is multiplied by 1 - d.
//                  BG and MBG, k or not: the chance to leave after a purchase, Beta(a, B)
//                  with B = b + x (+ 1 for MBG), becomes Beta(a (1 - d), B + a d): its
//                  mean is multiplied by 1 - d, its concentration a + B stays.
//                  BG/BB: the same for the chance to leave before an opportunity, Beta(
//                  gamma, delta + n), and with 1 + f for the chance to buy, Beta(alpha +
//                  x, beta + n - x). NBD: nobody leaves.
//                  A mean chance above 0.999 is held there.
//   order value    every future order is worth 1 + order_value times as much, and
//   margin         the margin is 1 + margin times what it was.
// So CLV after = sum over states P(state) E'[discounted purchases] x spend x (1 +
// order_value) x margin x (1 + margin change). Nothing changes: before equals after.
//
// Contractual (ContractualWhatIf): every future retention rate r_t becomes
// 1 - (1 - r_t) (1 + leaving) + points, held in [0, 1].
//
// Not thread-safe (curves; one per shard). Cost: as FutureCurves, twice.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/value/clv_scorer.h"
#include "lib/value/future_curves.h"
#include "lib/value/retention.h"

namespace rapport::value {

// All 0: nothing changes. 0.1 = 10 % more.
struct ValueChange {
  double retention = 0;    // In [-100, 1): the chance or rate to leave times 1 - retention.
  double frequency = 0;    // In (-1, 100].
  double order_value = 0;  // In [-1, 100].
  double margin = 0;       // In [-1, 100], relative.
};

struct WhatIfValue {
  double p_alive = 0;
  double purchases_before = 0, purchases_after = 0;  // In the horizon, undiscounted.
  double clv_before = 0, clv_after = 0;              // Currency units.
};

// Customers with one history (and covariates). Expected money is linear in a repeater's
// repeat_value_micros, so many customers with equal (x, t_x, T) are one row with the mean
// of their values (as long as each is > 0).
struct WhatIfRow {
  PurchaseHistory history;
  std::vector<double> covariates = {};
  uint64_t customers = 1;
};

struct WhatIfTotal {
  uint64_t customers = 0;
  double purchases_before = 0, purchases_after = 0;
  double clv_before = 0, clv_after = 0;
};

class WhatIf {
 public:
  // Uses options.clv. Errors as ValueScorer::Create; OUT_OF_RANGE "retention",
  // "frequency", "order_value", "margin".
  static absl::StatusOr<WhatIf> Create(const FittedModels& models,
                                       const ValueScorerOptions& options,
                                       const ValueChange& change);

  // InvalidArgument from ValidateHistory or ApplyCovariates.
  absl::StatusOr<WhatIfValue> Score(const PurchaseHistory& history,
                                    std::span<const double> covariates = {});
  // Sums in whole micros: the order of rows does not matter. Errors name "rows[i].".
  absl::StatusOr<WhatIfTotal> Total(std::span<const WhatIfRow> rows);

 private:
  struct Pattern {
    std::unique_ptr<PurchaseModel> model, changed;
    std::unique_ptr<FutureCurves> before, after;
  };

  WhatIf(const FittedModels& models, const ValueScorerOptions& options, const ValueChange& change);
  absl::StatusOr<Pattern*> PatternOf(std::span<const double> covariates);

  FittedModels models_;
  ClvOptions options_;
  ValueChange change_;
  FutureOptions future_;
  absl::flat_hash_map<std::vector<double>, std::unique_ptr<Pattern>> patterns_;
  std::vector<AliveState> states_;
};

// Parameters and a fresh state under which the future of a customer just acquired is that
// of a customer in `state` under `parameters` (the own posterior as a prior), with
// `change` applied.
struct OwnFuture {
  ModelParameters parameters;
  AliveState state;
};
OwnFuture OwnFutureOf(const ModelParameters& parameters, const AliveState& state,
                      const ValueChange& change = {});

// Renewals of a customer who made `survived`, among the next `horizon` (at most 100,000
// count), discounted with the one now due in full, under a change of the retention rates.
// InvalidArgument OUT_OF_RANGE "points" unless in [-1, 1], "leaving" unless in [-1, 100],
// "horizon" or "rate_per_period" unless >= 0.
struct ContractualWhatIf {
  double renewals_before = 0, renewals_after = 0;  // Discounted.
  double count_before = 0, count_after = 0;        // Not discounted; of a finite horizon.
};
struct RetentionChange {
  double points = 0;   // Added to each rate.
  double leaving = 0;  // Relative change of each chance to leave, 1 - rate; comes first.
};
absl::StatusOr<ContractualWhatIf> RenewalsWhatIf(const RetentionModel& model, double survived,
                                                 double horizon, double rate_per_period,
                                                 const RetentionChange& change);
// Points alone.
absl::StatusOr<ContractualWhatIf> RenewalsWhatIf(const RetentionModel& model, double survived,
                                                 double horizon, double rate_per_period,
                                                 double points);

}  // namespace rapport::value

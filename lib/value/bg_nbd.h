// SPDX-License-Identifier: Apache-2.0
// BG/NBD: how many more purchases to expect from a customer who may have left.
//
// A customer buys at a personal Poisson rate until an unseen moment of leaving. Rates
// vary as Gamma(r, alpha); the chance to leave after each purchase varies as Beta(a, b).
// FitBgNbd() finds these four numbers once per workspace and night; all else is one
// formula per customer. Source: Fader, Hardie, Lee 2005, "Counting Your Customers the
// Easy Way", Marketing Science 24(2).
//
// Histories are in days. `alpha` is in the fit's own unit (default weeks, as the
// literature prints it); time_unit_days says which. A one-time buyer has P(alive) = 1 by
// construction, since leaving can only follow a repeat purchase: see AliveByConstruction.
//
// Functions of one customer need a history that ValidateHistory accepts and a horizon
// >= 0; then every answer is finite and non-negative, for any a, b (no pole at a = 1 or
// a + b = 1, no hypergeometric series).
//
// Pure and thread-safe: no clock, no store, no randomness. Same rows in any order, same
// bits. Cost: PAlive 2 logarithms; ExpectedPurchases about 20 us (for many customers use
// lib/value/horizon.h); a fit is about 40 passes over the distinct (x, t_x, T).
//
//   ASSIGN_OR_RETURN(BgNbdFit fit, FitBgNbd(histories));
//   double next_quarter = fit.model.ExpectedPurchases(history, /*horizon_days=*/90);
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/fit_summary.h"
#include "lib/value/rfm.h"

namespace rapport::value {

struct BgNbdParameters {
  double r = 1;
  double alpha = 1;  // In units of time_unit_days.
  double a = 1;
  double b = 1;
  double time_unit_days = 7;
};

class BgNbd {
 public:
  // InvalidArgument (NOT_POSITIVE, "r", "alpha", "a", "b", "time_unit_days") unless all
  // are finite and > 0.
  static absl::StatusOr<BgNbd> Create(const BgNbdParameters& parameters);

  // P(still a customer at age T).
  double PAlive(const PurchaseHistory& history) const;
  // The same in `days_ahead` days, whatever is bought until then.
  double PAliveAhead(const PurchaseHistory& history, double days_ahead) const;
  // True when P(alive) = 1 says nothing: no repeat purchase yet.
  static bool AliveByConstruction(const PurchaseHistory& history) { return history.frequency == 0; }
  // E[purchases in (T, T + horizon]].
  double ExpectedPurchases(const PurchaseHistory& history, double horizon_days) const;
  // P(at least one purchase in (T, T + horizon]).
  double ProbabilityOfPurchase(const PurchaseHistory& history, double horizon_days) const;
  // P(exactly n purchases in (T, T + horizon]) for n = 0 .. max_count.
  std::vector<double> FuturePurchases(const PurchaseHistory& history, double horizon_days,
                                      uint32_t max_count) const;
  // log of the likelihood of one customer's history (time in the model's unit).
  double LogLikelihood(const PurchaseHistory& history) const;

  const BgNbdParameters& parameters() const { return parameters_; }

 private:
  explicit BgNbd(const BgNbdParameters& parameters) : parameters_(parameters) {}
  BgNbdParameters parameters_;
};

struct BgNbdFitOptions {
  double time_unit_days = 7;
  std::span<const double> weights = {};  // Empty = 1 each; else one per row, >= 0.
  std::optional<BgNbdParameters> warm_start = std::nullopt;  // Last night's parameters.
};

// One line of "how many customers made n repeat purchases": actual against the model.
// The last line counts n and more.
struct FrequencyRow {
  uint32_t purchases = 0;
  double actual = 0;
  double expected = 0;
};

struct BgNbdFit {
  BgNbd model;
  FitSummary summary;
  std::vector<FrequencyRow> frequencies;  // 0 .. 7+.
};

// InvalidArgument naming "rows[i].<field>" (ValidateHistory) or "weights[i]";
// FailedPrecondition NOT_ENOUGH_DATA without any repeat purchase. A fit that did not
// converge is returned and says so in `summary`.
absl::StatusOr<BgNbdFit> FitBgNbd(std::span<const PurchaseHistory> rows,
                                  const BgNbdFitOptions& options = {});

}  // namespace rapport::value

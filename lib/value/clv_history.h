// SPDX-License-Identifier: Apache-2.0
// All of a customer's value that depends on when purchases were made, not on money: what
// lib/value/clv_scorer.h multiplies with.
//
// One HistoryScorer serves one set of parameters (one covariate pattern). Customers with
// the same (x, t_x, T) get the same answer, which a small cache of fixed size keeps; what
// it holds never changes an answer.
//
// Not thread-safe: one per shard. Cost: see clv_scorer.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lib/value/clv_slopes.h"
#include "lib/value/future_curves.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/money_quantiles.h"

namespace rapport::value {

struct HistoryOptions {
  FutureOptions future;
  double interval_level = 0.80;
  bool slopes = true;  // Of the parameters; needed for `mean` and `combined` intervals.
};

// Log quantiles of money over its scale, given at least one purchase.
struct MoneyEnds {
  bool has_low = false, has_high = false;  // False: that end is 0 for sure.
  double probit_low = 0, probit_high = 0;  // Given at least one purchase.
  double log_low = 0, log_median = 0, log_high = 0;
  double squared_purchases = 0;  // E[N^2].
};

struct HistoryScore {
  double p_alive = 0;
  bool alive_by_construction = false;
  StateFuture future;               // Of the whole customer: weighted by P(alive), not given it.
  double silence_days = 0;          // May be infinite.
  ParameterSlopes slopes{};         // Of log E[discounted purchases].
  ParameterSlopes if_any_slopes{};  // Of log E[discounted purchases | at least one].
  MoneySpread spread = MoneySpread::kPlain;
  MoneyEnds ends;  // Under `spread`.
};

class HistoryScorer {
 public:
  // `parameters` are valid and have no effects.
  HistoryScorer(std::unique_ptr<PurchaseModel> model, const std::optional<GammaGamma>& spend,
                const HistoryOptions& options);

  // `history` is valid. The reference holds until the next call.
  const HistoryScore& Score(const PurchaseHistory& history);
  // Under another spread than the score's own (rare: a customer refunded to nothing).
  MoneyEnds EndsOf(const PurchaseHistory& history, const HistoryScore& score, MoneySpread spread);

  const PurchaseModel& model() const { return *model_; }

 private:
  struct Entry {
    bool used = false;
    uint32_t frequency = 0;
    double recency_days = 0, age_days = 0;
    HistoryScore score;
  };

  HistoryScore Compute(const PurchaseHistory& history);
  void AddState(const AliveState& state, HistoryScore& score);
  MoneySpread SpreadOf(uint32_t frequency) const;
  void SetEnds(MoneySpread spread, double any, MoneyEnds& ends);

  std::unique_ptr<PurchaseModel> model_;
  std::optional<GammaGamma> spend_;
  HistoryOptions options_;
  double low_tail_;
  double high_probit_;  // Of 1 - low_tail.
  FutureCurves curves_;
  ClvSlopes slopes_;
  MoneyQuantiles quantiles_;
  std::vector<Entry> entries_;
  std::vector<AliveState> states_, buying_;
};

}  // namespace rapport::value

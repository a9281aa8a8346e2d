// SPDX-License-Identifier: Apache-2.0
// Customer lifetime value of every customer under any fitted purchase model, with
// intervals that tell what the model does not know from what nobody can.
//
// CLV = E[discounted purchases in the horizon] x expected value of a purchase x margin,
// purchases discounted continuously, each at its own moment. residual_clv is the same
// without end (DERT); it starts today too, so it includes the horizon.
//
// Three intervals at clv.interval_level, all in currency units:
//   own       This customer's own future money, parameters taken as known. It has an
//             exact atom at zero, P(no purchase), and above it the quantiles of
//             lib/value/money_quantiles.h; discounting scales them by E[discounted] / E[N].
//             low is 0 when P(no purchase) exceeds the lower tail; both ends are 0 for a
//             customer who almost surely left, although the mean is not.
//   mean      Of the expected CLV itself, because parameters are estimates. Delta method
//             in logarithms: CLV e^(+-z s), s^2 = g' C g + h' D h, where g and h are the
//             slopes of log CLV in the log parameters of purchases and spend, C and D
//             their covariances, taken as independent (the two models are fitted to
//             different numbers). Own means and plain means count as known.
//   combined  Own future and parameters together. Above zero, log money is q(z) at probit
//             z; parameters blur it by a normal of variance v = that of log(money given
//             any purchase), so q moves to m + sign(z) sqrt((q(z) - m)^2 + z^2 v), with m
//             the median: exact if log money were normal. The atom at zero is kept (to
//             first order the blur does not move it).
//
// Never NaN, infinite or negative. Without covariances `mean` is a point and `combined`
// is `own`. Customers with equal covariates share a scorer, kept in at most
// kMostPatterns; beyond, the oldest answers are forgotten and drawn again.
//
// Not thread-safe: one per shard. Answers do not depend on what was scored before. Cost
// after warm-up: see docs of the bench; a new (x, t_x, T) about 1 us plus P(alive), a
// known one 0.2 us.
//
//   ASSIGN_OR_RETURN(ValueScorer scorer, ValueScorer::Create(fitted, options));
//   ASSIGN_OR_RETURN(ValueScore score, scorer.Score(history));
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/value/clv.h"
#include "lib/value/clv_history.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {

// What a night's fits leave to score with.
struct FittedModels {
  ModelParameters purchases;
  // Of (log values, effects slot by slot), row-major, as PurchaseFit.covariance; or of
  // the log values alone, effects then counting as known; or empty.
  std::vector<double> purchase_covariance;
  SpendModel spend;
  std::vector<double> spend_covariance;  // 3 x 3 of (log p, log q, log gamma); or empty.
};

struct ValueScorerOptions {
  ClvOptions clv;                // Horizon, discount rate, margin, level of all intervals.
  double short_days = 30;        // The second, short horizon.
  double silence_bound = 0.5;    // Of P(alive).
  bool parameter_errors = true;  // False: no `mean`, no `combined`, no slopes.
};

struct MoneyInterval {
  double low = 0;
  double high = 0;
};

using SpendSlopes = std::array<double, 3>;  // d / d (log p, log q, log gamma).

struct ValueScore {
  double p_alive = 0;
  bool alive_by_construction = false;   // P(alive) says nothing about this customer.
  double expected_purchases = 0;        // In the horizon, undiscounted.
  double expected_purchases_short = 0;  // In short_days.
  double probability_of_purchase = 0;   // At least one in the horizon.
  ExpectedSpend spend;
  double clv = 0;  // Currency units, discounted, times margin.
  MoneyInterval own, mean, combined;
  // Without end; nullopt when the discount rate is 0 (it would be infinite).
  std::optional<double> residual_clv;
  double next_purchase_probability = 0;  // That one ever comes.
  double next_purchase_days = 0;         // Median, from as_of, given that one comes.
  // Days since the last purchase after which P(alive) < silence_bound; nullopt: never.
  std::optional<double> silence_days;

  // For customer equity: variance of the own future's money (currency units squared) and
  // slopes of log CLV in the log parameters that apply to this customer.
  double own_variance = 0;
  ParameterSlopes purchase_slopes{};
  SpendSlopes spend_slopes{};
};

class ValueScorer {
 public:
  // InvalidArgument from ValidateParameters ("purchases." + field), ValidateClvOptions,
  // OUT_OF_RANGE "short_days", "silence_bound", LENGTH_MISMATCH or NOT_FINITE
  // "purchase_covariance", "spend_covariance".
  static absl::StatusOr<ValueScorer> Create(const FittedModels& models,
                                            const ValueScorerOptions& options = {});

  // InvalidArgument from ValidateHistory or ApplyCovariates.
  absl::StatusOr<ValueScore> Score(const PurchaseHistory& history,
                                   std::span<const double> covariates = {});

  const FittedModels& models() const { return models_; }

 private:
  static constexpr size_t kMostPatterns = 256;
  struct Pattern {
    std::unique_ptr<HistoryScorer> scorer;
    std::vector<double> covariance;  // Of the logs of the parameters that apply.
  };

  ValueScorer(const FittedModels& models, const ValueScorerOptions& options);
  absl::StatusOr<Pattern*> PatternOf(std::span<const double> covariates);
  void SetMoney(const PurchaseHistory& history, const HistoryScore& given, Pattern& pattern,
                ValueScore& score);
  void SetMean(const Pattern& pattern, const HistoryScore& given, ValueScore& score) const;

  FittedModels models_;
  ValueScorerOptions options_;
  HistoryOptions history_options_;
  double z_;
  std::unique_ptr<Pattern> plain_;
  absl::flat_hash_map<std::vector<double>, std::unique_ptr<Pattern>> patterns_;
};

// Covariance of the logs of the parameters that apply to a customer with covariates z,
// n x n row-major: an effect moves log parameter by sign x z. Empty when `covariance` is.
std::vector<double> AppliedCovariance(const ModelParameters& parameters,
                                      std::span<const double> covariance,
                                      std::span<const double> covariates);

// slopes' covariance slopes, never negative; `covariance` n x n or empty (0).
double QuadraticForm(std::span<const double> covariance, std::span<const double> slopes);

}  // namespace rapport::value

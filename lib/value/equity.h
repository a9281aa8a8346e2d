// SPDX-License-Identifier: Apache-2.0
// Customer equity: what a group of customers is worth together, with an interval.
//
// Equity is the sum of CLV. Two things make it uncertain, and they add up differently:
//   parameters  The same estimates serve every customer, so their error does not average
//               out: variance G' C G with G the sum of the customers' slopes of CLV in the
//               log parameters (delta method), purchases and spend independent.
//   individuals Given the parameters, customers' own futures are independent: variances
//               add, and matter less the larger the group.
// All intervals are normal, cut at 0. Own variances are those of ValueScore.own_variance;
// where Gamma-Gamma has no variance (q + p x <= 2) it is a stand-in, so that part is
// understated.
//
// Every sum is a whole number (micros, micros squared), so order, shards and merges never
// change a bit. A customer's variance counts up to (1e9 currency units)^2.
//
// Not thread-safe: one per shard, then Merge. Cost: about 20 ns a customer.
//
//   EquityAccumulator group(models);  for (...) group.Add(score);
//   Equity equity = group.Result(models, 0.95);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/math/stats.h"
#include "lib/value/clv_scorer.h"

namespace rapport::value {

struct Equity {
  uint64_t customers = 0;
  double total = 0;            // Currency units.
  double residual_total = 0;   // Without end; customers without one count 0.
  double parameter_error = 0;  // Standard deviation from parameters.
  double own_error = 0;        // Standard deviation from the customers' own futures.
  math::Interval mean;         // Of the expected total: parameters alone.
  math::Interval own;          // Own futures alone.
  math::Interval combined;     // Of the money that will come in.
};

class EquityAccumulator {
 public:
  // Accumulators that are merged share `models`.
  explicit EquityAccumulator(const FittedModels& models);

  // `covariates` as the score had them; `customers` of them have this very score.
  void Add(const ValueScore& score, std::span<const double> covariates = {},
           uint64_t customers = 1);
  void Merge(const EquityAccumulator& other);

  // `confidence` in (0, 1).
  Equity Result(const FittedModels& models, double confidence) const;

 private:
  using Whole = __int128;

  ModelKind kind_;
  size_t values_;
  size_t rows_;  // Of the purchase covariance: values, then effects or not.
  uint64_t customers_ = 0;
  Whole total_ = 0, residual_ = 0, variance_ = 0;
  std::vector<Whole> slopes_;  // Purchases (rows_), then spend (3): micros.
};

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
// How customers' expected value answers to the parameters of the purchase model: slopes
// in the logarithm of each parameter, which is what the delta method needs.
//
// Slopes are central differences (step 0.001) of models with one parameter moved. Given
// alive they are smooth functions of x and log(origin + T) and are read from a coarse
// grid: exact x below 8 and 4 places an octave from there (cubic in log x), 6 Chebyshev
// points a panel. The slope of P(alive) is differenced directly where P(alive) is cheap;
// for Pareto/NBD, where it is an integral, the slope of its log odds is read from a grid
// over (x, t_x, T). Slopes are good to about 1e-3 of the largest, which moves the width
// of an interval by as much. The split among stages of regular buyers is held.
//
// Not thread-safe: one per shard. What is read does not depend on what was asked before.
// Cost: 12 n x the direct calls per new cell, then about 0.2 us.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/math/chebyshev.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {

inline constexpr size_t kMostParameters = 4;
// d / d log(parameter), in the order of `values`; those beyond are 0.
using ParameterSlopes = std::array<double, kMostParameters>;

// Given alive.
struct FutureSlopes {
  ParameterSlopes log_discounted{};  // Of E[discounted purchases in the horizon].
  ParameterSlopes log_any{};         // Of P(at least one).
};

class ClvSlopes {
 public:
  ClvSlopes(const PurchaseModel& model, double horizon_days, double discount_per_day);

  FutureSlopes OfFuture(const AliveState& state);
  // Of log P(alive), whose value is p_alive.
  ParameterSlopes OfAlive(const PurchaseHistory& history, double p_alive);

 private:
  static constexpr size_t kPoints = 6;
  static constexpr size_t kFutureCurves = 2 * kMostParameters;
  static constexpr size_t kGridCurves = kPoints * kMostParameters;
  using FutureBundle = math::ChebyshevBundle<kPoints, kFutureCurves>;
  // Curves over log((origin + T) / (origin + t_x)), one set per point of t_x.
  using GridBundle = math::ChebyshevBundle<kPoints, kGridCurves>;
  struct Moved {
    std::unique_ptr<PurchaseModel> up, down;
  };

  FutureBundle::Row DrawFuture(const AliveState& state) const;
  FutureBundle::Row ReadFuture(const AliveState& state, uint32_t frequency);
  ParameterSlopes DrawAlive(const PurchaseHistory& history) const;
  ParameterSlopes DrawLogOdds(const PurchaseHistory& history) const;
  ParameterSlopes ReadLogOdds(const PurchaseHistory& history, uint32_t frequency);
  GridBundle DrawGrid(uint32_t frequency, uint32_t recency_panel, uint32_t silence_panel) const;

  std::vector<Moved> moved_;
  double horizon_days_;
  double discount_per_day_;
  double origin_;
  bool discrete_;
  bool alive_by_grid_;
  bool alive_always_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<FutureBundle>> future_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<GridBundle>> grid_;
  absl::flat_hash_map<std::pair<uint32_t, double>, FutureBundle::Row> exact_;
};

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
// How far one customer's own future may stray: quantiles of the value bought in a
// horizon, under any purchase model.
//
// Given at least one purchase, that value is scale x G / H with G ~ Gamma(p N), N the
// number of purchases (the model's own distribution) and H ~ Gamma(q + p x), the
// Gamma-Gamma posterior, whose scale is gamma + x m. So G / H depends on x, stage and age
// only, whatever the customer's money and P(alive): its quantiles are tabulated per
// (x, stage) and fixed panel of log(origin + T) and then read. Each log(G / H) given N is
// taken as normal with its exact mean and variance (digamma and trigamma, finite for
// every p and q); the mixture over N is not approximated, nor is the one over stages.
//
// Under a plain mean nothing is known of how values vary: an order then varies like an
// exponential around the mean (p = 1, no H).
//
// Not thread-safe: one per shard. The model outlives it. Answers do not depend on what
// was asked before. Cost: about 0.5 ms per new (x, stage, panel), 50 ns after; a mixture
// of stages about 1 us a stage.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {

// Which spread of values applies. The scale of the quantiles follows from it.
enum class MoneySpread : uint8_t {
  kOwn = 0,         // Gamma-Gamma with own purchases: scale gamma + x m.
  kPopulation = 1,  // Gamma-Gamma without own information: scale gamma.
  kPlain = 2,       // Plain mean: scale is the mean.
};

class MoneyQuantiles {
 public:
  // kOwn and kPopulation need `spend`; horizon_days > 0.
  MoneyQuantiles(const PurchaseModel& purchases, const std::optional<GammaGamma>& spend,
                 double horizon_days);

  // Logarithms of the value over its scale that is not exceeded at each probit, given at
  // least one purchase. `states` are weighted by P(in the state and at least one).
  void LogQuantiles(std::span<const AliveState> states, MoneySpread spread,
                    std::span<const double> probits, std::span<double> log_quantiles);
  // E[N^2], N the purchases in the horizon, over states weighted by their probability.
  double SquaredPurchases(std::span<const AliveState> states, MoneySpread spread);

 private:
  static constexpr size_t kAges = 5;      // Chebyshev points across a panel.
  static constexpr size_t kProbits = 27;  // -3.25 .. 3.25 by 0.25.
  // Log quantiles, then log E[N^2 | alive].
  using Column = std::array<double, kProbits + 1>;
  using Table = std::array<Column, kAges>;
  // Normal parts of the logarithm.
  struct Part {
    double weight, mean, sigma;
  };

  const Table& TableAt(const AliveState& state, uint32_t panel, MoneySpread spread);
  // The table read at the state's age, for rows [begin, end).
  void Read(const AliveState& state, MoneySpread spread, size_t begin, size_t end, Column& column);
  double MixtureQuantile(std::span<const AliveState> states, std::span<const Column> columns,
                         double probit) const;
  Column Draw(const AliveState& state, MoneySpread spread) const;
  std::vector<Part> PartsOf(std::span<const double> counts, uint32_t frequency,
                            MoneySpread spread) const;
  std::vector<double> CountsOf(const AliveState& state) const;

  const PurchaseModel& purchases_;
  std::optional<GammaGamma> spend_;
  double horizon_days_;
  double origin_;
  bool discrete_;
  absl::flat_hash_map<std::tuple<uint32_t, uint32_t, uint32_t>, std::unique_ptr<Table>> tables_;
  // Discrete opportunities: per exact age.
  absl::flat_hash_map<std::tuple<uint32_t, double, MoneySpread>, std::unique_ptr<Column>> exact_;
  std::tuple<uint32_t, uint32_t, uint32_t> last_key_{~0u, ~0u, ~0u};
  const Table* last_ = nullptr;
};

}  // namespace rapport::value

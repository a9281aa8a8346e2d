// SPDX-License-Identifier: Apache-2.0
// Random rows that any language can draw again, and a small table with known truth.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lib/predict/features.h"
#include "lib/predict/logistic.h"
#include "lib/predict/training_rows.h"

namespace rapport::predict {

// Steele, Lea, Flood 2014; the same numbers as in predict_reference.py.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  double Uniform() {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  // Sum of twelve uniforms: mean 0, variance 1, nearly normal.
  double Normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += Uniform();
    return sum;
  }

 private:
  uint64_t state_;
};

inline double Chance(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

// Plain columns for FitLogistic.
struct Matrix {
  size_t columns = 0;
  std::vector<double> values = {};
  std::vector<uint8_t> happened = {};
  std::vector<float> weights = {};

  void Add(std::span<const double> z, bool outcome, double weight = 1) {
    values.insert(values.end(), z.begin(), z.end());
    happened.push_back(outcome ? 1 : 0);
    weights.push_back(static_cast<float>(weight));
  }
  void operator()(const RowBlock& block) const {
    for (size_t i = 0; i < block.count; ++i) {
      for (size_t j = 0; j < columns; ++j) {
        block.block[i * block.stride + j] = values[(block.first + i) * columns + j];
      }
    }
  }
  LogisticRows View() const { return {columns, happened, weights, *this}; }
};

inline constexpr std::string_view kPlanLevels[] = {"free", "basic", "team"};
inline constexpr FeatureSpec kSmallTable[] = {
    {"recency_days", Transform::kLog1p, false, Unit::kCount, "days since the last order",
     "no order for {} days", "no order yet"},
    {"trend", Transform::kIdentity, false, Unit::kChange, "change of activity",
     "activity changed by {}", "activity unknown"},
    {"nps", Transform::kIdentity, true, Unit::kCount, "last score", "last score {}",
     "no score yet"},
    {"plan", Transform::kOneHot, false, Unit::kCount, "plan", "plan: {}", "plan unknown",
     kPlanLevels},
    {"constant", Transform::kIdentity, false, Unit::kCount, "constant", "constant {}", "none"},
    {"never_known", Transform::kLog1p, true, Unit::kAmount, "never known", "known: {}",
     "never known"},
};
inline constexpr size_t kSmallTableSize = std::size(kSmallTable);

struct SmallCustomer {
  std::array<double, kSmallTableSize> features{};
  double log_odds = 0;
  bool happened = false;
};

// log-odds = -2.2 + 0.9 log1p(recency) / 1 - 0.5 trend + 0.7 [no score] - 0.15 score + 0.4 [team].
inline SmallCustomer DrawCustomer(SplitMix64& random) {
  SmallCustomer customer;
  const double recency = std::floor(std::exp(4.5 * random.Uniform()));
  const double trend = std::round(3 * random.Normal());
  const bool answered = random.Uniform() < 0.6;
  const double score = std::floor(11 * random.Uniform());
  const double plan = std::floor(3 * random.Uniform());
  customer.features = {recency, trend, answered ? score : kMissing, plan, 7, kMissing};
  customer.log_odds = -2.2 + 0.9 * std::log1p(recency) - 0.5 * trend / 3 +
                      (answered ? -0.15 * score : 0.7) + (plan == 2 ? 0.4 : 0);
  customer.happened = random.Uniform() < Chance(customer.log_odds);
  return customer;
}

inline TrainingRows DrawRows(size_t count, uint64_t seed) {
  SplitMix64 random(seed);
  TrainingRows rows(kSmallTable);
  for (size_t i = 0; i < count; ++i) {
    const SmallCustomer customer = DrawCustomer(random);
    const bool status = rows.Add({.key = SpreadKey(seed) + i,
                                  .features = customer.features,
                                  .happened = customer.happened,
                                  .weight = 1.0 + static_cast<double>(i % 2),
                                  .baseline = Chance(customer.log_odds)})
                            .ok();
    if (!status) std::abort();
  }
  return rows;
}

}  // namespace rapport::predict

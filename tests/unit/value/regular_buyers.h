// SPDX-License-Identifier: Apache-2.0
// Customers drawn from (M)BG/CNBD-k, for tests. The generator and all distributions are
// here, so that a seed means the same rows with every standard library.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "lib/value/rfm.h"

namespace rapport::value {

struct RegularBuyers {
  bool modified = false;
  uint32_t k = 1;
  std::vector<double> values;  // r, alpha, a, b in weeks.
  bool whole_days = false;     // Purchases of one day are one.
};

// SplitMix64 (Steele, Lea, Flood 2014).
class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  double Uniform() { return (static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53; }
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }
  // Marsaglia and Tsang 2000.
  double Gamma(double shape) {
    if (shape < 1) return Gamma(shape + 1) * std::pow(Uniform(), 1 / shape);
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    while (true) {
      const double x = Normal(), t = 1 + c * x;
      if (t <= 0) continue;
      const double v = t * t * t;
      if (std::log(Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
  }

 private:
  uint64_t state_;
};

inline std::vector<PurchaseHistory> SimulateRegularBuyers(const RegularBuyers& truth, int customers,
                                                          uint64_t seed) {
  SplitMix random(seed);
  std::vector<PurchaseHistory> result;
  for (int i = 0; i < customers; ++i) {
    double age = 7 * (30 + 40 * random.Uniform());
    if (truth.whole_days) age = std::floor(age);
    const double rate = random.Gamma(truth.values[0]) / truth.values[1] / 7;
    const double leave = random.Gamma(truth.values[2]), stay = random.Gamma(truth.values[3]);
    const auto leaves = [&] { return random.Uniform() * (leave + stay) < leave; };
    PurchaseHistory history{.age_days = age};
    bool left = truth.modified && leaves();
    double time = 0, last = 0;
    while (!left && rate > 1e-12) {
      time += random.Gamma(truth.k) / rate;
      const double at = truth.whole_days ? std::ceil(time) : time;
      if (at > age) break;
      if (at > last) {
        ++history.frequency;
        history.sum_log_gap_days += std::log(at - last);
        history.recency_days = last = at;
      }
      left = leaves();
    }
    result.push_back(history);
  }
  return result;
}

}  // namespace rapport::value

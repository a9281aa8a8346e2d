// SPDX-License-Identifier: Apache-2.0
// Customers drawn from BG/NBD with Gamma-Gamma values: known truth for recovery tests.
// Continuous time, so that rows do not carry the rounding to days. Fixed seed, same rows.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "lib/value/gamma_gamma.h"

namespace rapport::value {

struct BgNbdParameters {
  double r = 1;
  double alpha = 1;  // In units of time_unit_days.
  double a = 1;
  double b = 1;
  double time_unit_days = 7;
};

inline std::vector<PurchaseHistory> SimulateHistories(const BgNbdParameters& truth, int customers,
                                                      uint64_t seed,
                                                      const GammaGammaParameters& spend = {
                                                          6.25, 3.74, 15.44}) {
  std::mt19937_64 random(seed);
  const auto gamma = [&](double shape) { return std::gamma_distribution<>(shape)(random); };
  const auto uniform = [&] { return std::uniform_real_distribution<>()(random); };
  std::vector<PurchaseHistory> result;
  for (int i = 0; i < customers; ++i) {
    const double age = truth.time_unit_days * (30 + 40 * uniform());
    const double rate = gamma(truth.r) / truth.alpha / truth.time_unit_days;
    const double leave = gamma(truth.a);
    const double stay = gamma(truth.b);
    const double scale = spend.gamma / gamma(spend.q);
    PurchaseHistory history{.age_days = age};
    double time = 0;
    while (rate > 1e-12) {
      time += std::exponential_distribution<>(rate)(random);
      if (time > age) break;
      ++history.frequency;
      history.recency_days = time;
      history.repeat_value_micros += 1 + static_cast<Micros>(1e6 * scale * gamma(spend.p));
      if (uniform() * (leave + stay) < leave) break;
    }
    result.push_back(history);
  }
  return result;
}

}  // namespace rapport::value

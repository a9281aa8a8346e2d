// SPDX-License-Identifier: Apache-2.0
// The silence of a living regular buyer, whose gaps are Erlang-k: k stages, each at the
// personal rate. Of the current gap j = 0 .. k-1 stages may be behind.
//
// With s = r + k x, rate ~ Gamma(s, alpha + t_x) and z = (T - t_x) / (alpha + T), phase j
// has the weight c_j z^j, c_j = (s)_j / j!, relative to (alpha + T)^-s. The weights are
// positive, so nothing cancels. Pure; thread-safe; k multiplications.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace rapport::value {

struct PhaseSum {
  double log_sum = 0;      // log of the sum of c_j z^j; 0 for k = 1.
  double slope_shape = 0;  // d log_sum / ds.
  double mean_phase = 0;   // E[j] = d log_sum / d log z.
};

inline PhaseSum SumPhases(uint32_t k, double shape, double z) {
  constexpr double kLarge = 1e200;
  double term = 1, sum = 1, slopes = 0, phases = 0, harmonic = 0, shift = 0;
  for (uint32_t j = 1; j < k; ++j) {
    harmonic += 1 / (shape + (j - 1));
    term *= z * (shape + (j - 1)) / j;
    sum += term;
    slopes += term * harmonic;
    phases += term * j;
    if (sum > kLarge) {
      term /= kLarge, sum /= kLarge, slopes /= kLarge, phases /= kLarge;
      shift += std::log(kLarge);
    }
  }
  return {shift + std::log(sum), slopes / sum, phases / sum};
}

// P(phase j) for j = 0 .. k-1, given alive.
inline std::vector<double> PhaseProbabilities(uint32_t k, double shape, double z) {
  const double log_sum = SumPhases(k, shape, z).log_sum;
  std::vector<double> result(k, 0.0);
  double log_term = -log_sum;
  for (uint32_t j = 0; j < k; ++j) {
    result[j] = std::exp(log_term);
    log_term += std::log(z * ((shape + j) / (j + 1)));
  }
  return result;
}

}  // namespace rapport::value

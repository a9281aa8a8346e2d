// SPDX-License-Identifier: Apache-2.0
// How many stages, and so purchases, lie within a horizon for a customer who never leaves.
//
// A purchase takes k stages and j are behind already, so with M stages there are
// F = floor((M + j) / k) purchases. M is Poisson for a known rate, and negative binomial
// when the rate is Gamma(shape, scale) and u = horizon / scale.
//
// PurchaseCounts holds P(F = n) as far as it matters. If that is too long it is cut, and
// StagesTransform takes over: with q the chance to stay after a purchase, z_l = q^(1/k) w^l
// and w = e^(2 pi i / k),
//   E[1 + q + .. + q^(F-1)] = sum over l < k of z_l^(j+1) (1 - G(z_l)) / (k q (1 - z_l)),
// where G is the generating function of M: the k-periodic floor as a discrete Fourier sum.
// It loses digits only for q near 0, where few counts matter, or for rare F > 0.
//
// Pure; values; thread-safe. Counts cost about 5 ns a stage, a transform 40 ns per pair of
// roots.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace rapport::value {

class StageLaw {
 public:
  static StageLaw Poisson(double mean);
  static StageLaw NegativeBinomial(double shape, double u);

  double LogProbability(double m) const;
  // P(M = m + 1) / P(M = m).
  double Ratio(double m) const { return (first_ + slope_ * m) / (m + 1); }
  double mode() const { return mode_; }
  // log E[z^M] from 1 - z.
  double LogTransform(double one_minus_z) const;
  std::complex<double> LogTransform(std::complex<double> one_minus_z) const;

 private:
  double shape_ = 0;  // 0 for Poisson.
  double mean_ = 0;   // u for the negative binomial.
  double first_ = 0, slope_ = 0, mode_ = 0;
};

struct StageCounting {
  uint32_t k = 1;      // Stages per purchase.
  uint32_t phase = 0;  // Behind already, below k.
};

struct PurchaseCounts {
  std::vector<double> masses;  // P(F = n), n = 0, 1, ...
  std::vector<double> tails;   // P(F >= n), as many.
  bool complete = false;       // What is missing is below 1e-17 of P(F >= 1).
};
// At least `wanted` counts, and all that matter unless they take more than about 4,000
// stages.
PurchaseCounts CountPurchases(const StageLaw& law, StageCounting counting, size_t wanted);

// E[1 + q + ... + q^(F-1)] and E[q^F] from log q < 0 and p = 1 - q, q >= 1/2.
struct StagesTransform {
  double sum = 0;
  double power = 0;
};
StagesTransform TransformStages(const StageLaw& law, StageCounting counting, double log_q);

// The same by counts where q < 1/2 and by the transform elsewhere; `counts` has at least
// kCountsForSmallQ.
inline constexpr size_t kCountsForSmallQ = 56;
StagesTransform TransformPurchases(const StageLaw& law, StageCounting counting,
                                   const PurchaseCounts& counts, double log_q);

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
// BG/NBD futures of a customer who is alive, as expectations over the chance p to leave.
//
// Given p, with s = r + x and u = horizon / (alpha + T), the rate integrates out in
// closed form (all follow from E[e^(-rate p t)] = (1 + p u)^-s):
//   E[N]        = (1 - (1 + pu)^-s) / p
//   E[N (N-1)]  = 2 (1-p) / p^2 (1 - (1 + pu)^-s (1 + s pu / (1 + pu)))
// and p is Beta(a, b + x), because that customer stayed x times. Each summand is positive,
// so nothing cancels and no parameter has a pole. Pure; thread-safe.
#pragma once

#include <algorithm>
#include <cmath>

#include "lib/math/quadrature.h"

namespace rapport::value {

// E[N | p]; s u at p = 0.
inline double PurchasesGivenLeave(double p, double s, double u) {
  const double y = p * u;
  return p <= 0 ? s * u : -std::expm1(-s * std::log1p(y)) / p;
}

// E[N (N - 1) | p]; s (s + 1) u^2 at p = 0.
inline double PairsGivenLeave(double p, double s, double u) {
  const double y = p * u;
  if ((s + 2) * y < 1e-2) {  // Series: the closed form would cancel.
    const double c = s + 2;
    const double series =
        1 - y * c * (2.0 / 3 - y * (c + 1) * (1.0 / 4 - y * (c + 2) / 15));
    return (1 - p) * s * (s + 1) * u * u * series;
  }
  const double power = s * std::log1p(y);
  const double rest = -std::expm1(-power) - s * y / (1 + y) * std::exp(-power);
  return 2 * (1 - p) * rest / (p * p);
}

// u kept in a range where s u stays finite.
inline double ScaledHorizon(double horizon, double scale) {
  return std::min(horizon / scale, 1e100);
}

// Expectation of f(p) under a rule.
template <typename F>
double Expect(const math::Rule& rule, F f) {
  double sum = 0;
  for (size_t i = 0; i < rule.nodes.size(); ++i) sum += rule.weights[i] * f(rule.nodes[i]);
  return sum;
}

}  // namespace rapport::value

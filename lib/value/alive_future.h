// SPDX-License-Identifier: Apache-2.0
// BG/NBD futures of a customer who is alive, as expectations over the chance p to leave.
//
// Given p, with s = r + x and u = horizon / (alpha + T), the rate integrates out in
// closed form, E[e^(-rate p t)] = (1 + p u)^-s, so E[N | p] = (1 - (1 + p u)^-s) / p. And
// p is Beta(a, b + x), because that customer stayed x times. The integrand is positive, so
// nothing cancels and no parameter has a pole. Pure; thread-safe.
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

// SPDX-License-Identifier: Apache-2.0
// Chebyshev curves: a smooth function on [-1, 1] from its values at N fixed points.
//
// For a function that is analytic in a neighbourhood the error falls like rho^-N
// (Trefethen, Approximation Theory and Approximation Practice, ch. 8). A bundle holds
// several curves over one axis, coefficients side by side, so that reading all of them
// costs one basis and a few fused rows. Pure; thread-safe.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace rapport::math {

// Point j of n, j = 0 .. n - 1, in (-1, 1), descending.
inline double ChebyshevPoint(size_t j, size_t n) {
  return std::cos(std::numbers::pi * (static_cast<double>(j) + 0.5) / static_cast<double>(n));
}

// Lagrange weights of the N points at y in [-1, 1] (barycentric form, Berrut and Trefethen
// 2004): the sum of weight x value is the interpolating polynomial.
template <size_t N>
std::array<double, N> ChebyshevWeights(double y) {
  struct Place {
    double y, sine;
  };
  static const std::array<Place, N> places = [] {
    std::array<Place, N> result;
    for (size_t j = 0; j < N; ++j) {
      const double at = ChebyshevPoint(j, N);
      result[j] = {at, (j % 2 == 0 ? 1 : -1) * std::sqrt(1 - at * at)};
    }
    return result;
  }();
  std::array<double, N> weights{};
  double sum = 0;
  for (size_t j = 0; j < N; ++j) {
    const double distance = y - places[j].y;
    if (std::fabs(distance) < 1e-14) {
      weights.fill(0);
      weights[j] = 1;
      return weights;
    }
    weights[j] = places[j].sine / distance;
    sum += weights[j];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

// Q curves of N points each.
template <size_t N, size_t Q>
class ChebyshevBundle {
 public:
  using Row = std::array<double, Q>;

  ChebyshevBundle() = default;
  // values[j] belongs to ChebyshevPoint(j, N).
  explicit ChebyshevBundle(const std::array<Row, N>& values) {
    for (size_t k = 0; k < N; ++k) {
      for (size_t j = 0; j < N; ++j) {
        const double angle = std::numbers::pi * static_cast<double>(k) *
                             (static_cast<double>(j) + 0.5) / static_cast<double>(N);
        const double factor = (k == 0 ? 1.0 : 2.0) * std::cos(angle) / static_cast<double>(N);
        for (size_t q = 0; q < Q; ++q) coefficients_[k][q] += factor * values[j][q];
      }
    }
  }

  Row At(double y) const {
    Row result = coefficients_[0];
    double before = 1, now = y;
    for (size_t k = 1; k < N; ++k) {
      for (size_t q = 0; q < Q; ++q) result[q] += now * coefficients_[k][q];
      const double next = 2 * y * now - before;
      before = now;
      now = next;
    }
    return result;
  }

 private:
  std::array<Row, N> coefficients_{};
};

}  // namespace rapport::math

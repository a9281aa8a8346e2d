// SPDX-License-Identifier: Apache-2.0
// Fixed places at which functions of a purchase count x are drawn, and the weights that
// interpolate between them.
//
// Every x below `dense` is a place; from there on there are `dense / 2` places an octave,
// all whole numbers. Between them N places interpolate in log x (Lagrange). Posterior
// functions of x are analytic there with their nearest singularity at x <= 0, so the
// error falls like (spacing N / 2 pi)^N. Pure; thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace rapport::value {

template <size_t N>
struct CountNodes {
  size_t size = 0;  // 1 when x is a place itself.
  std::array<uint32_t, N> counts{};
  std::array<double, N> weights{};
};

// Place number `index`; `dense` is a power of 2.
inline uint32_t CountPlace(uint32_t index, uint32_t dense) {
  if (index < dense) return index;
  const uint32_t half = dense / 2;
  const uint32_t octave = (index - half) / half - 1;
  return (half + (index - half) % half) << (octave + 1);
}

// The last place at or below x.
inline uint32_t PlaceBelow(uint32_t x, uint32_t dense) {
  if (x < dense) return x;
  const auto octave = static_cast<uint32_t>(std::bit_width(x) - std::bit_width(dense)) + 1;
  return (dense / 2) * octave + (x >> octave);
}

template <size_t N>
CountNodes<N> CountNodesOf(uint32_t x, uint32_t dense) {
  CountNodes<N> nodes;
  const uint32_t below = PlaceBelow(x, dense);
  if (CountPlace(below, dense) == x || x > 0x3fffffff) {
    nodes.size = 1;
    nodes.counts[0] = x;
    nodes.weights[0] = 1;
    return nodes;
  }
  nodes.size = N;
  const uint32_t first = below + 1 - uint32_t{N / 2};
  std::array<double, N> logs;
  for (uint32_t i = 0; i < N; ++i) {
    nodes.counts[i] = CountPlace(first + i, dense);
    logs[i] = std::log(nodes.counts[i]);
  }
  const double at = std::log(x);
  for (size_t i = 0; i < N; ++i) {
    double weight = 1;
    for (size_t j = 0; j < N; ++j) {
      if (j != i) weight *= (at - logs[j]) / (logs[i] - logs[j]);
    }
    nodes.weights[i] = weight;
  }
  return nodes;
}

}  // namespace rapport::value

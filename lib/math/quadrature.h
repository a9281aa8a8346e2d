// SPDX-License-Identifier: Apache-2.0
// Quadrature rules: fixed nodes and weights, built once and used for many integrands.
//
// BetaRule gives expectations under Beta(a, b). It is long (40 to 1,000 nodes) and holds
// for every integrand of the family that purchase models need: bounded, decreasing,
// levelling off below p = `knee` and falling no faster than 1/p above it. It has no pole at
// any a or b, and is normalised inside (no power of a large number is ever formed), so it
// does not overflow.
//
// Pure and thread-safe. InvalidArgument is the caller's duty: a, b, knee > 0, nodes >= 1.
#pragma once

#include <vector>

namespace rapport::math {

struct Rule {
  std::vector<double> nodes;
  std::vector<double> weights;
};

// Integral over [-1, 1]. Newton on the Legendre recurrence.
Rule GaussLegendre(int nodes);
// Expectation under Beta(a, b) by the trapezoidal rule in v = log(p / (1 - p)), which
// converges exponentially there (Trefethen and Weideman 2014). For a or b below 0.3,
// where the tail would need thousands of nodes, the mass beyond the last node sits on a
// node at p = 0 or p = 1. Relative error below 1e-11 for a, b <= 1e4.
Rule BetaRule(double a, double b, double knee);

}  // namespace rapport::math

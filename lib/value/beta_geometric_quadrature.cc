// SPDX-License-Identifier: Apache-2.0
#include "lib/value/beta_geometric_quadrature.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/math/special.h"

namespace rapport::value {
namespace {

constexpr double kNegligible = 1e-18;
constexpr double kShortTail = 0.3;  // Below, the tail e^(a v) is replaced by an end value.
constexpr double kLargeShapes = 1000;
constexpr int kMostSteps = 200'000;

// The part of f that is integrated in closed form, so that short tails die out: a line
// through f(0) and f(1), or the one of them that has a short tail.
struct Baseline {
  double at_zero = 0, at_one = 0, mean = 0;

  static Baseline Make(double a, double b, double f0, double f1) {
    if (a >= kShortTail && b >= kShortTail) return {};
    if (b >= kShortTail) return {f0, f0, f0};
    if (a >= kShortTail) return {f1, f1, f1};
    return {f0, f1, (f0 * b + f1 * a) / (a + b)};
  }
  double At(double p) const { return at_zero + (at_one - at_zero) * p; }
};

// log y of the Gamma density in log y, relative to its mode: shape log shape - shape -
// log Gamma(shape).
double LogGammaPeak(double shape) {
  if (shape < 100) return shape * std::log(shape) - shape - math::LogGamma(shape);
  const double w = 1 / (shape * shape);
  const double rest = (1.0 / 12 - w * (1.0 / 360 - w / 1260)) / shape;
  return 0.5 * std::log(shape / (2 * std::numbers::pi)) - rest;
}

}  // namespace

double ExpectBeta(double a, double b, double knee, absl::FunctionRef<double(double)> f) {
  const double log_beta = math::LogBeta(a, b);
  const double step = std::min(0.25, 0.5 * std::sqrt(1 / a + 1 / b));
  const double mode = std::log(a / b);
  const double log_knee = std::log(knee);
  const double f0 = f(0);
  const Baseline base = Baseline::Make(a, b, f0, f(1));
  // Large logarithms round, and all densities alike: their sum is known.
  const bool normalise = a >= kShortTail && b >= kShortTail && a + b > kLargeShapes;
  double sum = 0, mass = 0;
  const auto negligible = [&](double rest, double density) {
    return std::fabs(rest) <= kNegligible * std::fabs(sum + base.mean / step) &&
           (!normalise || density <= kNegligible * mass);
  };
  for (const double direction : {-1.0, 1.0}) {
    const bool left = direction < 0;
    for (int i = left ? 0 : 1; i < kMostSteps; ++i) {
      const double v = mode + direction * step * i;
      const double density = std::exp(-a * math::Softplus(-v) - b * math::Softplus(v) - log_beta);
      const double p = math::Logistic(v);
      const double value = f(p);
      const double term = density * (value - base.At(p));
      sum += term;
      mass += density;
      // What lies beyond, at most: the density falls ever faster. Short tails have no
      // density worth waiting for, but the baseline.
      const double rate = left ? a * (1 - p) - b * p : b * p - a * (1 - p);
      const bool short_tail = (left ? a : b) < kShortTail;
      const double rest =
          short_tail ? term : density * (left ? f0 : std::max(value, base.At(p))) / rate;
      const bool past = !short_tail ? rate > 0 : left ? v < log_knee - 2 && v < 0 : v > 3;
      if (past && i > 0 && negligible(rest, density)) break;
    }
  }
  return normalise ? sum / mass : std::max(0.0, base.mean + step * sum);
}

math::Rule LeaveRule(double a, double b, double knee) {
  math::Rule rule = math::BetaRule(a, b, knee);
  double mass = 0;
  for (double weight : rule.weights) mass += weight;
  for (double& weight : rule.weights) weight /= mass;
  return rule;
}

double LargestGamma(double shape) { return shape + 10 * std::sqrt(shape) + 60; }

double ExpectGamma(double shape, double most, double step, absl::FunctionRef<double(double)> f) {
  const double h = std::min({0.25, step, 0.5 / std::sqrt(shape + 1)});
  const double log_shape = std::log(shape);
  const double peak = LogGammaPeak(shape);
  double sum = 0;
  for (int i = 0; i < kMostSteps; ++i) {
    const double v = std::log(most) - h * i;  // log y.
    const double y = std::exp(v);
    const double w = v - log_shape;
    const double density =
        std::exp(peak + (shape < 1 ? shape * w + shape - y : shape * (w - std::expm1(w))));
    const double term = density > 0 ? density * f(y) : 0;
    sum += term;
    // To the left the integrand falls at least as y^shape.
    if (w < 0 && term <= kNegligible * sum * h * std::min(1.0, shape)) break;
    if (y == 0) break;
  }
  return h * sum;
}

}  // namespace rapport::value

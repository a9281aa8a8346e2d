// SPDX-License-Identifier: Apache-2.0
#include "lib/math/beta_ratio.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "boost/math/special_functions/gamma.hpp"
#include "lib/math/quadrature.h"

namespace rapport::math {
namespace {

constexpr double kStirlingFrom = 12;

// Stirling's series is log Gamma(z) = (z - 1/2) log z - z + log(2 pi) / 2 + 1 / (12 z) +
// StirlingRest(z), z >= 12.
double StirlingRest(double z) {
  const double w = 1 / (z * z);
  return w / z * (-1.0 / 360 + w * (1.0 / 1260 + w * (-1.0 / 1680 + w * (1.0 / 1188))));
}

double StirlingRestSlope(double z) {
  const double w = 1 / (z * z);
  return w * w * (3.0 / 360 + w * (-5.0 / 1260 + w * (7.0 / 1680 - w * (9.0 / 1188))));
}

double StirlingRestCurvature(double z) {
  const double w = 1 / (z * z);
  return w * w / z * (-12.0 / 360 + w * (30.0 / 1260 + w * (-56.0 / 1680 + w * (90.0 / 1188))));
}

// Second difference of StirlingRest over steps a and k; short steps at their middle.
double RestDifference(double a, double b, double k) {
  const double small = std::min(a, k), large = std::max(a, k);
  const double middle = b + 0.5 * small;
  if (large < 1e-3 * b) return a * k * StirlingRestCurvature(middle + 0.5 * large);
  if (small < 1e-3 * b) {
    return small * (StirlingRestSlope(middle + large) - StirlingRestSlope(middle));
  }
  return StirlingRest(a + b + k) - StirlingRest(a + b) - StirlingRest(b + k) + StirlingRest(b);
}

// LogBetaRatio for b >= 12: minus the second difference of Stirling's terms over steps a
// and k. The logarithms of (z - 1/2) log z, and the fractions of 1 / (12 z), are combined.
double LargeLogBetaRatio(double a, double b, double k) {
  const double bend = std::log1p(a / (a + b + k) * (k / b));
  const double fraction =
      a / (a + b) * (k / (b + k)) * ((b + (a + b + k)) / (a + b + k)) / (12 * b);
  return (b - 0.5) * bend - k * std::log1p(a / (b + k)) - a * std::log1p(k / (a + b)) - fraction -
         RestDifference(a, b, k);
}

// The midpoint rule read backwards: a sum over [begin, end) is the integral over
// [begin - 1/2, end - 1/2] + this at `end` - this at `begin`. Slopes from four values.
double EndCorrection(absl::FunctionRef<double(double)> f, double k) {
  const double near = f(k) - f(k - 1);
  const double far = f(k + 1) - f(k - 2);
  const double slope = (27 * near - far) / 24;
  const double third = far - 3 * near;
  return -slope / 24 + 7.0 / 5760 * third;
}

// In log k, where a power is an exponential.
double PanelIntegral(absl::FunctionRef<double(double)> f, double begin, double end) {
  static const Rule rule = GaussLegendre(24);
  const double half = 0.5 * std::log(end / begin);
  const double middle = std::log(begin) + half;
  double sum = 0;
  for (size_t i = 0; i < rule.nodes.size(); ++i) {
    const double k = std::exp(middle + half * rule.nodes[i]);
    sum += rule.weights[i] * k * f(k);
  }
  return half * sum;
}

double SumOneByOne(absl::FunctionRef<double(double)> f, double begin, double end) {
  double sum = 0;
  for (double k = begin; k < end; k += 1) sum += f(k);
  return sum;
}

}  // namespace

double LogBetaRatio(double a, double b, double k) {
  // Whole steps up to where Stirling's formula holds.
  constexpr double kLarge = 1e250;
  double sum = 0, product = 1;
  for (; b < kStirlingFrom; b += 1) {
    const double excess = a / (a + b + k) * (k / b);
    if (product == 1 && excess < 0.5) {
      sum -= std::log1p(excess);  // Keeps the digits of a ratio near 1.
      continue;
    }
    if (excess > kLarge / product) {
      sum -= std::log(product);
      product = 1;
    }
    product *= 1 + excess;
  }
  return std::min(0.0, sum - std::log(product) + LargeLogBetaRatio(a, b, k));
}

double DigammaStep(double z, double d) {
  double sum = 0;
  for (; z < kStirlingFrom; z += 1) sum += d / (z + d) / z;
  // log z - Digamma(z) = 1 / (2 z) + sum of c_j z^(-2 j); each difference has the factor
  // d / (z (z + d)), taken out by hand.
  constexpr double kCoefficients[] = {1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132};
  const double u = 1 / z, v = 1 / (z + d);
  const double step = d * v * u;
  const double squares = step * (u + v);
  double rest = 0.5 * step, series = 1, power = 1;
  for (double c : kCoefficients) {
    rest += c * squares * series;
    power *= v * v;
    series = u * u * series + power;
  }
  return sum + std::log1p(d / z) + rest;
}

double SeriesTail(absl::FunctionRef<double(double)> f, double begin, double end, double so_far) {
  if (!(end - begin > 8)) return SumOneByOne(f, begin, end);
  constexpr double kFarthest = 1e280;
  constexpr double kNegligible = 1e-17;
  const double stop = end - 0.5;
  double sum = -EndCorrection(f, begin);
  double before = 0;
  for (double low = begin - 0.5; low < stop;) {
    const double high = std::min(2 * low, stop);
    const double panel = PanelIntegral(f, low, high);
    sum += panel;
    const double ratio = before > 0 ? panel / before : 1;
    // What is left if the panels go on falling as they do.
    const double left =
        ratio < 1 ? panel * ratio / (1 - ratio) : std::numeric_limits<double>::infinity();
    if (panel == 0 || left < kNegligible * (so_far + sum)) return std::max(0.0, sum);
    if (high >= kFarthest) return std::isinf(end) ? sum + left : sum;  // A pure power by now.
    before = panel;
    low = high;
  }
  return std::max(0.0, sum + EndCorrection(f, end));
}

double SumSeries(absl::FunctionRef<double(double)> f, double count) {
  const double head = std::min(count, kSeriesHead);
  const double sum = SumOneByOne(f, 0, head);
  return count > head ? sum + SeriesTail(f, head, count, sum) : sum;
}

double CountWithDecay(double count, double decay) {
  return decay > 0 ? std::min(count, std::ceil((40 - std::log(-std::expm1(-decay))) / decay))
                   : count;
}

double SumBetaMoments(double a, double b, double count, double decay) {
  count = CountWithDecay(count, decay);
  const double head = std::min(count, kSeriesHead);
  const double factor = std::exp(-decay);
  double sum = 0, term = 1;
  for (double k = 0; k < head; k += 1) {
    term *= (b + k) / (a + b + k);
    sum += term;
    term *= factor;
  }
  if (!(count > head)) return sum;
  const auto later = [&](double k) { return std::exp(LogBetaRatio(a, b, k + 1) - decay * k); };
  return sum + SeriesTail(later, head, count, sum);
}

double ChiSquareTail(double x, double degrees) {
  return !(x > 0) ? 1 : boost::math::gamma_q(0.5 * degrees, 0.5 * x);
}

}  // namespace rapport::math

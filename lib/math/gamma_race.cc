// SPDX-License-Identifier: Apache-2.0
#include "lib/math/gamma_race.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rapport::math {
namespace {

constexpr double kDigits = 38;  // Terms below e^-38 of the whole are left out.

// Terms after which Gauss's fraction is exact to rounding.
int TermsFor(double ratio) {
  const double root = std::sqrt(ratio);
  const double rate = (1 - root) / (1 + root);
  return rate < 1e-16 ? 2 : 2 + static_cast<int>(-kDigits / std::log(rate));
}

// Partial numerator (over z) under the j-th denominator m + s + j, with its derivatives.
struct Numerator {
  double value, by_m, by_s;
};

Numerator NumeratorAfter(int j, double m, double s) {
  const double i = (j - j % 2) / 2;
  if (j % 2 == 1) return {(i + 1) * (s + i + 1), 0, i + 1};
  return {(m + i) * (m + s + i), m + i + m + s + i, m + i};
}

// X = (2F1)^-1 - 1 for a <= b, z = b / a - 1: P(two first) = s / (m + s) / (1 + X).
double FractionValue(const GammaClocks& c, double z, int terms) {
  const double total = c.m + c.s;
  double denominator = 0.5 * (total + terms) * (1 + std::sqrt(1 + z));
  for (int j = terms - 1; j >= 1; --j) {
    denominator = total + j + NumeratorAfter(j, c.m, c.s).value * z / denominator;
  }
  return c.m * z / denominator;
}

struct Fraction {
  double x, by_z, by_m, by_s;
};

Fraction FractionSlopes(const GammaClocks& c, double z, int terms) {
  const double total = c.m + c.s;
  const double root = std::sqrt(1 + z);
  double d = 0.5 * (total + terms) * (1 + root);
  double by_m = 0.5 * (1 + root), by_s = by_m, by_z = 0.25 * (total + terms) / root;
  for (int j = terms - 1; j >= 0; --j) {
    // The numerator of the first fraction is m itself.
    const Numerator n = j == 0 ? Numerator{c.m, 1, 0} : NumeratorAfter(j, c.m, c.s);
    const double inverse = 1 / d;
    const double term = n.value * z * inverse;
    const double own = j == 0 ? 0 : 1;  // d (m + s + j) by m and by s.
    by_m = own + inverse * (n.by_m * z - term * by_m);
    by_s = own + inverse * (n.by_s * z - term * by_s);
    by_z = inverse * (n.value - term * by_z);
    d = (j == 0 ? 0 : total + j) + term;
  }
  return {d, by_z, by_m, by_s};
}

RaceLogs LogsOfFraction(const GammaClocks& c, const Fraction& f, double z) {
  const double total = c.m + c.s;
  const double whole = 1 + f.x;
  const double first = c.m + total * f.x;  // P(one first) = first / (total whole).
  const double x_by_w = -(1 + z) * f.by_z;
  RaceLogs logs;
  const double log_whole = std::log1p(f.x);
  logs.two = {std::log(c.s / total) - log_whole, -x_by_w / whole, -1 / total - f.by_m / whole,
              1 / c.s - 1 / total - f.by_s / whole};
  logs.one = {std::log(first / total) - log_whole, x_by_w * c.s / (first * whole),
              (1 + f.x + total * f.by_m) / first - 1 / total - f.by_m / whole,
              (f.x + total * f.by_s) / first - 1 / total - f.by_s / whole};
  return logs;
}

// What one clock's integral adds up to: its mass, and the mass times log(1 + y),
// log(1 + ratio y) and the share that moves with the ratio.
struct Mass {
  double sum = 0, log_one = 0, log_two = 0, share = 0;

  void Add(double mass, double one, double two, double part) {
    sum += mass;
    log_one += mass * one;
    log_two += mass * two;
    share += mass * part;
  }
  // Nodes j = 0, 1, ... of mass * e^(-decay j), where both logs grow by `step` a node.
  void AddTail(double mass, double one, double two, double decay, double step) {
    const double e = std::exp(-decay);
    const double nodes = -1 / std::expm1(-decay);
    const double grown = step * e * nodes * nodes;
    sum += mass * nodes;
    log_one += mass * (one * nodes + grown);
    log_two += mass * (two * nodes + grown);
    share += mass * nodes;
  }
};

// With y the time in units of a:
//   P(two) = s ratio int (1 + y)^-m (1 + ratio y)^-(s+1) dy,
//   P(one) = m int (1 + y)^-(m+1) (1 + ratio y)^-s dy,
// by the trapezoidal rule in v = log y. Both integrands are log-concave in v, grow as e^v
// and end as e^(-(m+s) v).
std::pair<Mass, Mass> Integrate(const GammaClocks& c, double ratio) {
  constexpr double kStep = 0.2;
  Mass one, two;
  double largest = -INFINITY;
  for (double v = -std::log(c.m + 1 + ratio * (c.s + 1)) - kDigits;; v += kStep) {
    const double y = std::exp(v);
    const double log_one = std::log1p(y), log_two = std::log1p(ratio * y);
    const double level = v - c.m * log_one - (c.s + 1) * log_two;
    largest = std::max(largest, level);
    if (level < largest - kDigits) break;
    const double base = kStep * std::exp(level);
    const double mass_two = c.s * ratio * base;
    const double mass_one = c.m * base * ((1 + ratio * y) / (1 + y));
    if (v > kDigits - std::log(ratio)) {
      const double decay = (c.m + c.s) * kStep;
      one.AddTail(mass_one, log_one, log_two, decay, kStep);
      two.AddTail(mass_two, log_one, log_two, decay, kStep);
      break;
    }
    one.Add(mass_one, log_one, log_two, ratio * y / (1 + ratio * y));
    two.Add(mass_two, log_one, log_two, y / (1 + y));
  }
  return {one, two};
}

RaceLogs LogsOfMasses(const GammaClocks& c, const Mass& one, const Mass& two) {
  RaceLogs logs;
  logs.one = {std::log(one.sum), -c.s * one.share / one.sum, 1 / c.m - one.log_one / one.sum,
              -one.log_two / one.sum};
  logs.two = {std::log(two.sum), c.m * two.share / two.sum, -two.log_one / two.sum,
              1 / c.s - two.log_two / two.sum};
  return logs;
}

GammaClocks Swapped(const GammaClocks& c) { return {c.s, c.b, c.m, c.a}; }

}  // namespace

RaceOdds GammaRace(const GammaClocks& clocks) {
  if (clocks.a > clocks.b) {
    const RaceOdds odds = GammaRace(Swapped(clocks));
    return {odds.two, odds.one};
  }
  const double ratio = clocks.a / clocks.b;
  if (ratio < kRaceFractionFrom) {
    const auto [one, two] = Integrate(clocks, ratio);
    const double whole = one.sum + two.sum;
    return {one.sum / whole, two.sum / whole};
  }
  const double total = clocks.m + clocks.s;
  const double x = FractionValue(clocks, (clocks.b - clocks.a) / clocks.a, TermsFor(ratio));
  const double scale = 1 / (total * (1 + x));
  return {(clocks.m + total * x) * scale, clocks.s * scale};
}

RaceLogs GammaRaceLogs(const GammaClocks& clocks) {
  if (clocks.a > clocks.b) {
    const RaceLogs logs = GammaRaceLogs(Swapped(clocks));
    const auto turned = [](const RaceLog& l) { return RaceLog{l.log, -l.by_w, l.by_s, l.by_m}; };
    return {turned(logs.two), turned(logs.one)};
  }
  const double ratio = clocks.a / clocks.b;
  if (ratio < kRaceFractionFrom) {
    const auto [one, two] = Integrate(clocks, ratio);
    return LogsOfMasses(clocks, one, two);
  }
  const double z = (clocks.b - clocks.a) / clocks.a;
  return LogsOfFraction(clocks, FractionSlopes(clocks, z, TermsFor(ratio)), z);
}

}  // namespace rapport::math

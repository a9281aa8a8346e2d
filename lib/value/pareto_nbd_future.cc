// SPDX-License-Identifier: Apache-2.0
#include "lib/value/pareto_nbd_future.h"

#include <algorithm>
#include <cmath>

#include "lib/math/gamma_race.h"
#include "lib/math/quadrature.h"

namespace rapport::value {
namespace {

constexpr double kForever = 1e100;
constexpr double kDigits = 40;  // Parts below e^-40 of the whole are left out.

const math::Rule& Legendre() {
  static const auto& rule = *new math::Rule(math::GaussLegendre(16));
  return rule;
}

// Integral of f over [from, to].
template <typename F>
double Panel(double from, double to, F f) {
  const math::Rule& rule = Legendre();
  const double half = 0.5 * (to - from), middle = 0.5 * (to + from);
  double sum = 0;
  for (size_t i = 0; i < rule.nodes.size(); ++i) {
    sum += rule.weights[i] * f(middle + half * rule.nodes[i]);
  }
  return half * sum;
}

// (1 - e^(-k l)) / k for any k, l >= 0; grows with l to the last bit.
double Saturating(double k, double l) { return k == 0 ? l : -std::expm1(-k * l) / k; }

// int_0^until e^(-discount v) (1 + v)^-s dv with y = log(1 + v): the exponent is concave
// in y, and each panel spans at most 4 of it.
double DiscountedLifetime(double s, double discount, double until) {
  const double end = std::log1p(until);
  const auto level = [&](double y) { return (1 - s) * y - discount * std::expm1(y); };
  double sum = 0, largest = 0;
  for (double y = 0; y < end;) {
    const double width = std::min(1.0, 4 / (std::fabs(1 - s) + discount * std::exp(y)));
    const double next = std::min(end, y + width);
    if (!(next > y)) break;
    sum += Panel(y, next, [&](double v) { return std::exp(level(v)); });
    y = next;
    largest = std::max(largest, level(y));
    if (level(y) < largest - kDigits) break;
  }
  return sum;
}

// n purchases of a customer who cannot leave, for n = 0 .. most, in a time u with
// odds = u / scale: a negative binomial distribution, by its recurrence. Adds weight * P(n).
class CountsAt {
 public:
  CountsAt(double shape, uint32_t most) : shape_(shape), step_(most), log_step_(most) {
    for (uint32_t n = 0; n < most; ++n) {
      step_[n] = (shape + n) / (n + 1.0);
      log_step_[n] = std::log(step_[n]);
    }
  }

  void Add(double odds, double weight, std::vector<double>& counts) const {
    const double share = odds / (1 + odds);
    const double log_share = std::log(odds) - std::log1p(odds);
    double log_count = std::log(weight) - shape_ * std::log1p(odds);
    size_t n = 0;
    // Too small to be told from zero, but what follows may not be.
    for (; log_count < kSmallest && n < step_.size(); ++n) log_count += log_step_[n] + log_share;
    double count = std::exp(log_count);
    counts[n] += count;
    for (; n < step_.size(); ++n) {
      count *= step_[n] * share;
      counts[n + 1] += count;
    }
  }

 private:
  static constexpr double kSmallest = -700;
  double shape_;
  std::vector<double> step_, log_step_;
};

}  // namespace

double ParetoNbdFuture::Alive(double time) const {
  return std::exp(-s * std::log1p(std::min(time, kForever) / leave_scale));
}

double ParetoNbdFuture::Purchases(double time) const {
  const double l = std::log1p(std::min(time, kForever) / leave_scale);
  return shape / scale * leave_scale * Saturating(s - 1, l);
}

double ParetoNbdFuture::Discounted(double time, double rate) const {
  if (rate <= 0) return Purchases(time);
  const double until = std::min(time, kForever) / leave_scale;
  return shape / scale * leave_scale * DiscountedLifetime(s, rate * leave_scale, until);
}

double ParetoNbdFuture::NoPurchase(double time) const {
  const double t = std::min(time, kForever);
  const double drop = shape * std::log1p(t / scale) + s * std::log1p(t / leave_scale);
  const double leaves_now = math::GammaRace({shape, scale, s, leave_scale}).two;
  const double buys_then = math::GammaRace({shape, scale + t, s, leave_scale + t}).one;
  return std::min(1.0, leaves_now + std::exp(-drop) * buys_then);
}

// P(n) = Alive(t) P(n in t) + int_0^t P(leaves at u) P(n in u) du, by Gauss-Legendre
// panels in z = log u. At its peak the integrand has curvature below min(n, shape + s) + 2
// there; where `time` cuts it off instead, panels shrink towards that end.
std::vector<double> ParetoNbdFuture::Counts(double time, uint32_t most) const {
  std::vector<double> counts(size_t{most} + 1, 0.0);
  const double t = std::min(time, kForever);
  if (!(t / scale > 0)) {
    counts[0] = 1;
    return counts;
  }
  const CountsAt at(shape, most);
  at.Add(t / scale, Alive(t), counts);
  const math::Rule& rule = Legendre();
  const auto add = [&](double from, double to) {
    for (size_t i = 0; i < rule.nodes.size(); ++i) {
      const double u = from + 0.5 * (to - from) * (1 + rule.nodes[i]);
      const double leaves = s / leave_scale * std::exp(-(s + 1) * std::log1p(u / leave_scale));
      const double weight = 0.5 * (to - from) * rule.weights[i] * leaves;
      if (weight > 0) at.Add(u / scale, weight, counts);
    }
  };
  // Up to `start` the integrand is u^n times a slowly varying function.
  const double start = 0.05 / (1 / t + shape / scale + (s + 1) / leave_scale);
  const double widest = std::min(1.0, 2 / std::sqrt(2 + std::min<double>(most, shape + s)));
  double width = std::min(widest, 2.0 / (most + 1.0));
  double end = t;
  while (end > start) {
    const double next = std::max(start, end * std::exp(-width));
    add(next, end);
    end = next;
    width = std::min(widest, 2 * width);
  }
  add(0, end);
  return counts;
}

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
#include "lib/math/quadrature.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "lib/math/special.h"

namespace rapport::math {
namespace {

constexpr double kShortTail = 0.3;  // Below, the tail e^(a v) is replaced by an end node.
constexpr double kDrop = 45;        // Terms below e^-45 of the largest are left out.

// The integrand's size in v = log(p / (1 - p)), as far as it decides where to stop.
class BetaEnvelope {
 public:
  BetaEnvelope(double a, double b, double knee)
      : a_(a), b_(b), log_knee_(std::log(knee)), log_beta_(LogBeta(a, b)) {}

  double step() const {
    const double sigma = std::sqrt(1 / a_ + 1 / b_);
    return std::min(0.25, 0.5 * sigma);
  }
  double mode() const { return std::log(a_ / b_); }
  double LogDensity(double v) const { return -a_ * Softplus(-v) - b_ * Softplus(v) - log_beta_; }
  double LogSize(double v) const {
    const double log_p = -Softplus(-v);
    const double log_1p = -Softplus(v);
    // An integrand that is 1 up to the knee and falls as 1/p; with an end node at 0, only
    // its distance from the value at 0 is integrated.
    double size = a_ * log_p + b_ * log_1p;
    size += a_ < kShortTail ? std::min(0.0, log_p - log_knee_) : -std::max(0.0, log_p - log_knee_);
    if (b_ < kShortTail) size += log_1p;
    return size;
  }

 private:
  double a_, b_, log_knee_, log_beta_;
};

// Nodes from the mode outwards in one direction until the envelope has dropped.
void Walk(const BetaEnvelope& envelope, double begin, double step, double& largest, Rule& rule) {
  double previous = -std::numeric_limits<double>::infinity();
  for (int k = 0; k < 100'000; ++k) {
    const double v = begin + step * k;
    const double size = envelope.LogSize(v);
    largest = std::max(largest, size);
    if (size < previous && size < largest - kDrop) return;
    previous = size;
    rule.nodes.push_back(v);
    rule.weights.push_back(std::fabs(step) * std::exp(envelope.LogDensity(v)));
  }
}

// The mass that the nodes leave out sits at p = 0 and p = 1 so that linear functions stay
// exact.
void AddEndNodes(double a, double b, Rule& rule) {
  double mass = 0, mean = 0;
  for (size_t i = 0; i < rule.nodes.size(); ++i) {
    mass += rule.weights[i];
    mean += rule.weights[i] * rule.nodes[i];
  }
  double at_zero = 0, at_one = 0;
  if (a < kShortTail && b < kShortTail) {
    at_one = a / (a + b) - mean;
    at_zero = b / (a + b) - (mass - mean);
  } else if (a < kShortTail) {
    at_zero = 1 - mass;
  } else if (b < kShortTail) {
    at_one = 1 - mass;
  }
  if (at_zero > 0) {
    rule.nodes.push_back(0);
    rule.weights.push_back(at_zero);
  }
  if (at_one > 0) {
    rule.nodes.push_back(1);
    rule.weights.push_back(at_one);
  }
}

}  // namespace

Rule GaussLegendre(int nodes) {
  Rule rule;
  const auto n = static_cast<double>(nodes);
  for (int i = 0; i < nodes; ++i) {
    double x = -std::cos(std::numbers::pi * (i + 0.75) / (n + 0.5));
    double slope = 1;
    for (int iteration = 0; iteration < 20; ++iteration) {
      double p0 = 1, p1 = x;
      for (int k = 2; k <= nodes; ++k) {
        const double p2 = ((2.0 * k - 1) * x * p1 - (k - 1.0) * p0) / k;
        p0 = p1;
        p1 = p2;
      }
      slope = nodes == 1 ? 1 : n * (p0 - x * p1) / (1 - x * x);
      const double change = p1 / slope;
      x -= change;
      if (std::fabs(change) < 1e-15) break;
    }
    rule.nodes.push_back(x);
    rule.weights.push_back(2 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

Rule BetaRule(double a, double b, double knee) {
  const BetaEnvelope envelope(a, b, std::min(knee, 1e300));
  const double step = envelope.step();
  const double mode = envelope.mode();
  Rule rule;
  double largest = -std::numeric_limits<double>::infinity();
  Walk(envelope, mode, -step, largest, rule);
  std::reverse(rule.nodes.begin(), rule.nodes.end());
  std::reverse(rule.weights.begin(), rule.weights.end());
  Walk(envelope, mode + step, step, largest, rule);
  for (double& node : rule.nodes) node = Logistic(node);
  AddEndNodes(a, b, rule);
  return rule;
}

}  // namespace rapport::math

// SPDX-License-Identifier: Apache-2.0
// The beta-geometric models by brute force: prior x likelihood given (rate, p), integrated
// over a grid in log rate and logit p. Shares no formula with the library: no conjugacy,
// no closed form in the rate or in p, discounting by a sum over time.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "lib/value/purchase_model.h"

namespace rapport::value {

struct OracleFuture {
  double alive_ahead = 0;
  double expected = 0;
  double discounted = 0;
  std::vector<double> counts;
};

class BetaGeometricOracle {
 public:
  explicit BetaGeometricOracle(const ModelParameters& parameters) : parameters_(parameters) {
    for (double v = -60; v < 4; v += kRateStep) rates_.push_back(std::exp(v));
    for (double v = -50; v < 16; v += kLeaveStep) leaves_.push_back(1 / (1 + std::exp(-v)));
  }

  double Likelihood(const PurchaseHistory& history) const {
    return Sum([&](double rate, double p) {
      return Alive(history, rate, p, parameters_.regularity) + Left(history, rate, p);
    });
  }
  double PAlive(const PurchaseHistory& history) const {
    return Sum([&](double rate, double p) {
             return Alive(history, rate, p, parameters_.regularity);
           }) /
           Likelihood(history);
  }

  // Of a customer known to be alive: exactly the future that all phases share.
  OracleFuture Future(const PurchaseHistory& history, double days, double rate_per_day,
                      uint32_t max_count) const {
    const uint32_t k = parameters_.regularity;
    OracleFuture result;
    result.counts.assign(max_count + 1, 0.0);
    double total = 0;
    for (double rate : rates_) {
      for (uint32_t phase = 0; phase < k; ++phase) {
        const std::vector<double> reached = Reached(rate, days, phase, 0);
        const std::vector<double> worth = Reached(rate, days, phase, rate_per_day);
        for (double p : leaves_) {
          const double weight = Prior(rate, p) * AlivePhase(history, rate, p, phase);
          total += weight;
          AddFuture(p, weight, reached, worth, result);
        }
      }
    }
    result.alive_ahead /= total;
    result.expected /= total;
    result.discounted /= total;
    for (double& count : result.counts) count /= total;
    return result;
  }

 private:
  static constexpr double kRateStep = 0.15, kLeaveStep = 0.35;
  static constexpr size_t kMostPurchases = 400;

  double Units(double days) const { return days / parameters_.time_unit_days; }
  bool modified() const {
    return parameters_.kind == ModelKind::kMbgNbd || parameters_.kind == ModelKind::kMbgCnbdK;
  }
  // Prior density with the step of the grid.
  double Prior(double rate, double p) const {
    const auto& v = parameters_.values;
    const double log_beta = std::lgamma(v[2]) + std::lgamma(v[3]) - std::lgamma(v[2] + v[3]);
    return kRateStep * kLeaveStep *
           std::exp(v[0] * std::log(v[1] * rate) - v[1] * rate - std::lgamma(v[0]) +
                    v[2] * std::log(p) + v[3] * std::log1p(-p) - log_beta);
  }
  template <typename F>
  double Sum(F f) const {
    double sum = 0;
    for (double rate : rates_) {
      for (double p : leaves_) sum += Prior(rate, p) * f(rate, p);
    }
    return sum;
  }

  // The purchases themselves: Erlang gaps, and a stay after all chances but the last.
  double Purchases(const PurchaseHistory& history, double rate, double p) const {
    const double k = parameters_.regularity, x = history.frequency;
    const double log_gaps = history.sum_log_gap_days - x * std::log(parameters_.time_unit_days);
    const double stays = x - (modified() ? 0 : 1);
    return std::exp(k * x * std::log(rate) + (k - 1) * log_gaps - x * std::lgamma(k) -
                    rate * Units(history.recency_days) + (stays > 0 ? stays : 0) * std::log1p(-p));
  }
  double AlivePhase(const PurchaseHistory& history, double rate, double p, uint32_t j) const {
    const double silence = rate * Units(history.age_days - history.recency_days);
    const bool chance = history.frequency > 0 || modified();
    return Purchases(history, rate, p) * (chance ? 1 - p : 1) * std::pow(silence, j) /
           std::tgamma(j + 1.0) * std::exp(-silence);
  }
  double Alive(const PurchaseHistory& history, double rate, double p, uint32_t k) const {
    double sum = 0;
    for (uint32_t j = 0; j < k; ++j) sum += AlivePhase(history, rate, p, j);
    return sum;
  }
  double Left(const PurchaseHistory& history, double rate, double p) const {
    const bool chance = history.frequency > 0 || modified();
    return chance ? p * Purchases(history, rate, p) : 0;
  }

  // E[e^(-rate t_n); t_n in the horizon] of the n-th purchase, n = 0, 1, ..., of one who
  // stays: a sum over time of the Erlang density, Simpson's rule.
  std::vector<double> Reached(double rate, double days, uint32_t phase, double discount) const {
    std::vector<double> result = {1};
    const double horizon = Units(days);
    const double per_unit = discount * parameters_.time_unit_days;
    constexpr int kPieces = 200;
    for (size_t n = 1; n <= kMostPurchases; ++n) {
      const double stages = static_cast<double>(n) * parameters_.regularity - phase;
      if (stages > 40 + rate * horizon + 12 * std::sqrt(rate * horizon)) break;
      const double log_scale = stages * std::log(rate) - std::lgamma(stages);
      double sum = 0;
      if (discount == 0) {
        double mass = std::exp(-rate * horizon), below = 0;  // Poisson counts.
        for (double m = 0; m < stages; ++m) {
          below += mass;
          mass *= rate * horizon / (m + 1);
        }
        sum = 1 - below;
      } else {
        for (int i = 0; i <= kPieces; ++i) {
          const double t = horizon * i / kPieces;
          const double density = i == 0
                                     ? (stages == 1 ? rate : 0)
                                     : std::exp(log_scale + (stages - 1) * std::log(t) - rate * t);
          const double weight = i == 0 || i == kPieces ? 1 : i % 2 == 1 ? 4 : 2;
          sum += weight * density * std::exp(-per_unit * t) * horizon / kPieces / 3;
        }
      }
      result.push_back(sum);
    }
    return result;
  }

  static void AddFuture(double p, double weight, const std::vector<double>& reached,
                        const std::vector<double>& worth, OracleFuture& future) {
    double stays = weight;  // Stayed through n purchases.
    double left_now = 0;
    for (size_t n = 0; n < reached.size(); ++n) {
      const double next = n + 1 < reached.size() ? reached[n + 1] : 0;
      const double exactly = reached[n] - next;
      future.alive_ahead += stays * exactly;
      if (n < future.counts.size()) future.counts[n] += stays * exactly + left_now * reached[n];
      future.expected += stays * next;
      future.discounted += stays * (n + 1 < worth.size() ? worth[n + 1] : 0);
      left_now = stays * p;
      stays *= 1 - p;
    }
  }

  ModelParameters parameters_;
  std::vector<double> rates_, leaves_;
};

}  // namespace rapport::value

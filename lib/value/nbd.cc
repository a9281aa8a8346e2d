// SPDX-License-Identifier: Apache-2.0
// NBD, the baseline in which nobody leaves (Ehrenberg 1959): purchases are Poisson at a
// personal rate lambda ~ Gamma(r, alpha), hence Gamma(r + x, alpha + T) given the history.
// All answers are closed forms.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/math/special.h"
#include "lib/value/purchase_likelihood.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {
namespace {

constexpr double kForever = 1e100;

double RisingOf(double shape, double x) {
  double rising, unused;
  math::TabulateRising(shape, {&x, 1}, {&rising, 1}, {&unused, 1});
  return rising;
}

class Nbd : public PurchaseModel {
 public:
  explicit Nbd(const ModelParameters& parameters)
      : PurchaseModel(parameters), r_(value(0)), alpha_(value(1)) {}

  double LogLikelihood(const PurchaseHistory& history) const override {
    const double x = history.frequency;
    return RisingOf(r_, x) - x * std::log(alpha_) -
           (r_ + x) * std::log1p(history.age_days / unit_days() / alpha_);
  }
  double PAlive(const PurchaseHistory&) const override { return 1; }
  bool AliveByConstruction(const PurchaseHistory&) const override { return true; }
  double SilenceDays(const PurchaseHistory&, double) const override {
    return std::numeric_limits<double>::infinity();
  }
  double AliveAhead(const AliveState&, double) const override { return 1; }
  double ExpectedPurchases(const AliveState& state, double horizon_days) const override {
    return Rate(state) * Units(horizon_days);
  }
  // lambda (1 - e^(-rate t)) / rate.
  double DiscountedPurchases(const AliveState& state, double horizon_days,
                             double rate_per_day) const override {
    const double rate = rate_per_day * unit_days();
    const double time = Units(horizon_days);
    if (rate * time < 1e-290) return Rate(state) * time;
    return Rate(state) * (-std::expm1(-rate * time) / rate);
  }
  std::vector<double> PurchaseCounts(const AliveState& state, double horizon_days,
                                     uint32_t max_count) const override;
  double NoPurchase(const AliveState& state, double horizon_days) const override {
    return std::exp(-(r_ + state.frequency) * std::log1p(Units(horizon_days) / Scale(state)));
  }
  double curve_origin_days() const override { return alpha_ * unit_days(); }
  double ExpectedFromStart(double days) const override { return ExpectedPurchases({}, days); }
  std::vector<double> CountsFromStart(double days, uint32_t max_count) const override {
    return PurchaseCounts({}, days, max_count);
  }

 private:
  double Units(double days) const { return std::min(days / unit_days(), kForever); }
  double Scale(const AliveState& state) const { return alpha_ + state.age_days / unit_days(); }
  double Rate(const AliveState& state) const { return (r_ + state.frequency) / Scale(state); }

  double r_, alpha_;
};

// Negative binomial, each term from the one before in logarithms.
std::vector<double> Nbd::PurchaseCounts(const AliveState& state, double horizon_days,
                                        uint32_t max_count) const {
  std::vector<double> counts(size_t{max_count} + 1, 0.0);
  const double shape = r_ + state.frequency;
  const double odds = Units(horizon_days) / Scale(state);
  counts[0] = NoPurchase(state, horizon_days);
  if (!(odds > 0)) return counts;
  const double log_share = -std::log1p(1 / odds);
  double log_count = -shape * std::log1p(odds);
  for (uint32_t n = 0; n < max_count; ++n) {
    log_count += std::log((shape + n) / (n + 1.0)) + log_share;
    counts[n + 1] = std::exp(log_count);
  }
  return counts;
}

class NbdLikelihood : public TableLikelihood {
 public:
  NbdLikelihood(const PurchaseTable& table, RowRange rows)
      : table_(table), blocks_(table.BlocksIn(rows)) {
    for (const PurchaseTable::Block& block : blocks_) frequency_.push_back(block.frequency);
    rising_.resize(blocks_.size());
    slope_.resize(blocks_.size());
  }

  double Evaluate(std::span<const double> log_parameters, std::span<double> gradient) override {
    const double r = std::exp(log_parameters[0]), alpha = std::exp(log_parameters[1]);
    math::TabulateRising(r, frequency_, rising_, slope_);
    double log = 0;
    gradient[0] = gradient[1] = 0;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      const PurchaseTable::Block& block = blocks_[i];
      const double x = block.frequency, w = block.weight;
      const auto [logs, shares] = SumAges(block, alpha);
      log += w * (rising_[i] - x * log_parameters[1]) - (r + x) * logs;
      gradient[0] += r * (w * slope_[i] - logs);
      gradient[1] += w * r - (r + x) * shares;
    }
    return log;
  }

 private:
  // Weighted sums of log(1 + T / alpha) and alpha / (alpha + T); rows are sorted by T.
  std::pair<double, double> SumAges(const PurchaseTable::Block& block, double alpha) const {
    double logs = 0, shares = 0;
    for (size_t i = block.begin; i < block.end;) {
      const uint32_t age = table_.rows[i].age;
      double weight = 0;
      for (; i < block.end && table_.rows[i].age == age; ++i) weight += table_.rows[i].weight;
      const double grown = 1 + table_.times[age] / alpha;
      logs += weight * std::log(grown);
      shares += weight / grown;
    }
    return {logs, shares};
  }

  const PurchaseTable& table_;
  std::vector<PurchaseTable::Block> blocks_;
  std::vector<double> frequency_, rising_, slope_;  // Per block.
};

}  // namespace

std::unique_ptr<PurchaseModel> NewNbd(const ModelParameters& parameters) {
  return std::make_unique<Nbd>(parameters);
}

std::unique_ptr<TableLikelihood> NewNbdLikelihood(const PurchaseTable& table, RowRange rows) {
  return std::make_unique<NbdLikelihood>(table, rows);
}

}  // namespace rapport::value

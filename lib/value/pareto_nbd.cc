// SPDX-License-Identifier: Apache-2.0
// Pareto/NBD for one customer (Schmittlein, Morrison and Colombo 1987). The likelihood and
// P(alive) are those of pareto_nbd_race.h, the future that of pareto_nbd_future.h.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/math/gamma_race.h"
#include "lib/math/special.h"
#include "lib/value/pareto_nbd_future.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {
namespace {

class ParetoNbd : public PurchaseModel {
 public:
  explicit ParetoNbd(const ModelParameters& parameters)
      : PurchaseModel(parameters), r_(value(0)), alpha_(value(1)), s_(value(2)), beta_(value(3)) {}

  double LogLikelihood(const PurchaseHistory& history) const override;
  double PAlive(const PurchaseHistory& history) const override;
  bool AliveByConstruction(const PurchaseHistory&) const override { return false; }
  double SilenceDays(const PurchaseHistory& history, double bound) const override;

  double AliveAhead(const AliveState& state, double days) const override {
    return FutureOf(state).Alive(days / unit_days());
  }
  double ExpectedPurchases(const AliveState& state, double horizon_days) const override {
    return FutureOf(state).Purchases(horizon_days / unit_days());
  }
  double DiscountedPurchases(const AliveState& state, double horizon_days,
                             double rate_per_day) const override {
    return FutureOf(state).Discounted(horizon_days / unit_days(), rate_per_day * unit_days());
  }
  std::vector<double> PurchaseCounts(const AliveState& state, double horizon_days,
                                     uint32_t max_count) const override {
    return FutureOf(state).Counts(horizon_days / unit_days(), max_count);
  }
  double NoPurchase(const AliveState& state, double horizon_days) const override {
    return FutureOf(state).NoPurchase(horizon_days / unit_days());
  }
  double curve_origin_days() const override { return std::min(alpha_, beta_) * unit_days(); }
  double ExpectedFromStart(double days) const override {
    return FutureOf({}).Purchases(days / unit_days());
  }
  std::vector<double> CountsFromStart(double days, uint32_t max_count) const override {
    return FutureOf({}).Counts(days / unit_days(), max_count);
  }

 private:
  // The two terms of the likelihood over H(t_x): having left at once after t_x ("before
  // another purchase"), and e^-drop times being silent but there until T.
  struct Terms {
    double leaves = 0;  // q(t_x).
    double buys = 0;    // 1 - q(T).
    double drop = 0;    // log(H(t_x) / H(T)) >= 0.
  };
  Terms TermsOf(const PurchaseHistory& history) const;

  // q(u), and log(H(u) / H(u + time)).
  double LeavesFirst(double shape, double u) const {
    return math::GammaRace({shape, alpha_ + u, s_, beta_ + u}).two;
  }
  double Drop(double shape, double u, double time) const {
    return shape * std::log1p(time / (alpha_ + u)) + s_ * std::log1p(time / (beta_ + u));
  }

  ParetoNbdFuture FutureOf(const AliveState& state) const {
    const double age = state.age_days / unit_days();
    return {r_ + state.frequency, alpha_ + age, s_, beta_ + age};
  }

  double r_, alpha_, s_, beta_;
};

ParetoNbd::Terms ParetoNbd::TermsOf(const PurchaseHistory& history) const {
  const double shape = r_ + history.frequency;
  const double last = history.recency_days / unit_days(), age = history.age_days / unit_days();
  const double silence = (history.age_days - history.recency_days) / unit_days();
  return {LeavesFirst(shape, last), math::GammaRace({shape, alpha_ + age, s_, beta_ + age}).one,
          Drop(shape, last, silence)};
}

double ParetoNbd::LogLikelihood(const PurchaseHistory& history) const {
  const double x = history.frequency;
  const double last = history.recency_days / unit_days();
  const Terms terms = TermsOf(history);
  double rising, unused;
  math::TabulateRising(r_, {&x, 1}, {&rising, 1}, {&unused, 1});
  return rising - x * std::log(alpha_) - Drop(r_ + x, 0, last) +
         std::log(terms.leaves + std::exp(-terms.drop) * terms.buys);
}

double ParetoNbd::PAlive(const PurchaseHistory& history) const {
  const Terms terms = TermsOf(history);
  const double there = std::exp(-terms.drop);
  return std::min(1.0, there / (terms.leaves + there * terms.buys));
}

// Where the odds of having left, R = q(t_x) e^drop - q(T), reach 1 / bound - 1. They grow as
// R' = s / (beta + T) + R ((r + x) / (alpha + T) + s / (beta + T)): Newton in log silence,
// kept between the ends already seen.
double ParetoNbd::SilenceDays(const PurchaseHistory& history, double bound) const {
  constexpr double kLongestDays = 1e9;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr int kSteps = 200;
  constexpr double kFar = 600;
  const double shape = r_ + history.frequency, last = history.recency_days / unit_days();
  const double target = (1 - bound) / bound;
  const double leaves = LeavesFirst(shape, last);
  const double longest = std::log(kLongestDays / unit_days());
  double low = -kInfinity, high = kInfinity;
  double v = std::min(longest, std::log(target * (beta_ + last) / s_));
  for (int step = 0; step < kSteps; ++step) {
    const double silence = std::exp(v), age = last + silence;
    const double drop = Drop(shape, last, silence);
    double next;
    if (drop > kFar) {  // e^drop would overflow.
      high = v;
      next = v + std::log(0.5 * kFar / drop);
    } else {
      const double odds = leaves * std::exp(drop) - LeavesFirst(shape, age);
      if (odds < target && v >= longest) return kInfinity;
      (odds < target ? low : high) = v;
      const double steady = s_ / (beta_ + age);
      const double slope = silence * (steady + odds * (shape / (alpha_ + age) + steady)) / odds;
      next = std::min(longest, v + std::log(target / odds) / slope);
      if (std::fabs(next - v) < 1e-13 * (1 + std::fabs(v))) break;
    }
    if (!(next > low && next < high)) next = std::isinf(low) ? v - 2 : 0.5 * (low + high);
    v = next;
  }
  return std::exp(v) * unit_days();
}

}  // namespace

std::unique_ptr<PurchaseModel> NewParetoNbd(const ModelParameters& parameters) {
  return std::make_unique<ParetoNbd>(parameters);
}

}  // namespace rapport::value

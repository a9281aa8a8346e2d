// SPDX-License-Identifier: Apache-2.0
// BG/NBD, MBG/NBD and their regular versions BG/CNBD-k and MBG/CNBD-k as one model. The
// first purchase is a chance to leave in the modified ones; gaps are Erlang-k.
//
// With s = r + k x, n the chances to leave so far, and time in the model's unit:
//   L = gaps^(k-1) / (k-1)!^x  alpha^r (r)_kx  (b)_n / (a+b)_n
//       x (sum over j < k of (s)_j / j! (T - t_x)^j / (alpha+T)^(s+j)
//          + a / (b+n-1) (alpha+t_x)^-s),
// the last term only if n > 0. For k = 1 this is eq. 6 of Fader, Hardie, Lee 2005 and eq. 4
// of Batislam, Denizel, Filiztekin 2007; for k > 1 the integral over the rate of Platzer
// and Reutterer 2016, with the survival of an Erlang gap as a sum over its stages.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/math/special.h"
#include "lib/value/beta_geometric_future.h"
#include "lib/value/beta_geometric_phases.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {
namespace {

double LogRising(double shape, double count) {
  double result, unused;
  math::TabulateRising(shape, {&count, 1}, {&result, 1}, {&unused, 1});
  return result;
}

class BetaGeometric : public PurchaseModel {
 public:
  explicit BetaGeometric(const ModelParameters& parameters)
      : PurchaseModel(parameters),
        k_(parameters.regularity),
        modified_(parameters.kind == ModelKind::kMbgNbd ||
                  parameters.kind == ModelKind::kMbgCnbdK) {}

  double LogLikelihood(const PurchaseHistory& history) const override {
    const double x = history.frequency, n = Chances(history.frequency);
    const double age = Units(history.age_days);
    double result = -r() * std::log1p(age / alpha()) - k_ * x * std::log(alpha() + age) +
                    LogRising(r(), k_ * x) + LogRising(b(), n) - LogRising(a() + b(), n);
    if (k_ > 1 && x > 0) {
      result += (k_ - 1.0) * (history.sum_log_gap_days - x * std::log(unit_days())) -
                x * math::LogGamma(k_);
    }
    const double alive = LogAlive(history);
    return result + alive + (n > 0 ? math::Softplus(LogOddsLeft(history)) : 0.0);
  }

  double PAlive(const PurchaseHistory& history) const override {
    if (AliveByConstruction(history)) return 1;
    return math::Logistic(-LogOddsLeft(history));
  }

  bool AliveByConstruction(const PurchaseHistory& history) const override {
    return Chances(history.frequency) == 0;
  }

  void AppendAliveStates(const PurchaseHistory& history,
                         std::vector<AliveState>& states) const override {
    const double alive = PAlive(history);
    if (k_ == 1) {
      states.push_back({alive, history.frequency, 0, history.age_days});
      return;
    }
    const std::vector<double> phases =
        PhaseProbabilities(k_, Shape(history.frequency, 0), SilentShare(history));
    for (uint32_t j = 0; j < k_; ++j) {
      const double probability = alive * phases[j];
      if (j > 0 && probability == 0) continue;
      states.push_back({probability, history.frequency, j, history.age_days});
    }
  }

  // For k = 1 the odds of having left are (a / (b+n-1)) (1 + silence / (alpha + t_x))^s.
  double SilenceDays(const PurchaseHistory& history, double bound) const override {
    if (AliveByConstruction(history)) return std::numeric_limits<double>::infinity();
    if (k_ > 1) return PurchaseModel::SilenceDays(history, bound);
    const double wanted = std::log1p(-bound) - std::log(bound);
    const double growth = (wanted - LogOddsAtOnce(history)) / Shape(history.frequency, 0);
    const double last = alpha() + Units(history.recency_days);
    return unit_days() * last * std::expm1(std::max(0.0, growth));
  }

  double AliveAhead(const AliveState& state, double days) const override {
    return StillAlive(BuyerIn(state), Units(days));
  }
  double ExpectedPurchases(const AliveState& state, double horizon_days) const override {
    return PurchasesAhead(BuyerIn(state), Units(horizon_days));
  }
  double DiscountedPurchases(const AliveState& state, double horizon_days,
                             double rate_per_day) const override {
    if (!(rate_per_day > 0)) return ExpectedPurchases(state, horizon_days);
    return DiscountedAhead(BuyerIn(state), Units(horizon_days), rate_per_day * unit_days());
  }
  std::vector<double> PurchaseCounts(const AliveState& state, double horizon_days,
                                     uint32_t max_count) const override {
    return CountsAhead(BuyerIn(state), Units(horizon_days), max_count);
  }
  double NoPurchase(const AliveState& state, double horizon_days) const override {
    return NoneAhead(BuyerIn(state), Units(horizon_days));
  }
  double curve_origin_days() const override { return alpha() * unit_days(); }

  double ExpectedFromStart(double days) const override {
    return PAlive({}) * ExpectedPurchases({}, days);
  }
  std::vector<double> CountsFromStart(double days, uint32_t max_count) const override {
    const double alive = PAlive({});
    std::vector<double> counts = PurchaseCounts({}, days, max_count);
    for (double& count : counts) count *= alive;
    counts[0] += 1 - alive;
    return counts;
  }

 private:
  double r() const { return value(0); }
  double alpha() const { return value(1); }
  double a() const { return value(2); }
  double b() const { return value(3); }
  double Units(double days) const { return days / unit_days(); }
  // Chances to leave so far.
  double Chances(uint32_t frequency) const { return frequency + (modified_ ? 1.0 : 0.0); }
  double Shape(uint32_t frequency, uint32_t phase) const {
    return r() + 1.0 * k_ * frequency + phase;
  }
  double SilentShare(const PurchaseHistory& history) const {
    const double age = Units(history.age_days);
    return (age - Units(history.recency_days)) / (alpha() + age);
  }

  LivingBuyer BuyerIn(const AliveState& state) const {
    return {Shape(state.frequency, state.phase),
            alpha() + Units(state.age_days),
            a(),
            b() + Chances(state.frequency),
            {k_, state.phase}};
  }

  // log of the sum over phases, relative to (alpha + T)^-s.
  double LogAlive(const PurchaseHistory& history) const {
    return SumPhases(k_, Shape(history.frequency, 0), SilentShare(history)).log_sum;
  }
  // log of odds(left) right after the last purchase; some chance to leave has been.
  double LogOddsAtOnce(const PurchaseHistory& history) const {
    return std::log(a()) - std::log(b() + (Chances(history.frequency) - 1));
  }
  double LogOddsLeft(const PurchaseHistory& history) const {
    const double silence = Units(history.age_days) - Units(history.recency_days);
    const double last = alpha() + Units(history.recency_days);
    return LogOddsAtOnce(history) + Shape(history.frequency, 0) * std::log1p(silence / last) -
           LogAlive(history);
  }

  uint32_t k_;
  bool modified_;
};

}  // namespace

std::unique_ptr<PurchaseModel> NewBetaGeometric(const ModelParameters& parameters) {
  return std::make_unique<BetaGeometric>(parameters);
}

}  // namespace rapport::value

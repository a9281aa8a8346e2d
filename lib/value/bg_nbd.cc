// SPDX-License-Identifier: Apache-2.0
#include "lib/value/bg_nbd.h"

#include <algorithm>
#include <cmath>

#include "lib/base/errors.h"
#include "lib/math/quadrature.h"
#include "lib/math/special.h"
#include "lib/value/alive_future.h"

namespace rapport::value {
namespace {

// The posterior of a living customer: rate ~ Gamma(shape, scale), leave ~ Beta(a, b).
struct Posterior {
  double shape, scale, a, b;
};

Posterior PosteriorOf(const BgNbdParameters& p, const PurchaseHistory& history) {
  const double x = history.frequency;
  return {p.r + x, p.alpha + history.age_days / p.time_unit_days, p.a, p.b + x};
}

// log of odds(left) given the history, x > 0 (Fader, Hardie, Lee 2005, eq. 8).
double LogOddsLeft(const BgNbdParameters& p, const PurchaseHistory& history) {
  const double x = history.frequency;
  const double silence = (history.age_days - history.recency_days) / p.time_unit_days;
  const double last = p.alpha + history.recency_days / p.time_unit_days;
  return std::log(p.a) - std::log(p.b + (x - 1)) + (p.r + x) * std::log1p(silence / last);
}

absl::Status RequirePositive(const char* field, double value) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return InvalidField(field, "NOT_POSITIVE", "must be finite and > 0");
}

// Purchase counts of a living customer for n = 0, 1, ...: either n purchases and still
// there, or left exactly at the n-th.
class CountDistribution {
 public:
  CountDistribution(const Posterior& posterior, double u)
      : posterior_(posterior),
        log_pmf_(-posterior.shape * std::log1p(u)),
        log_odds_(std::log(u) - std::log1p(u)) {}

  double Next() {
    const double pmf = std::exp(log_pmf_);  // n purchases of a customer who never leaves.
    const double p = stayed_ * pmf + left_now_ * std::max(0.0, 1 - below_);
    const double b = posterior_.b + n_;
    left_now_ = stayed_ * posterior_.a / (posterior_.a + b);
    stayed_ *= b / (posterior_.a + b);
    below_ += pmf;
    log_pmf_ += std::log((posterior_.shape + n_) / (n_ + 1)) + log_odds_;
    n_ += 1;
    return p;
  }

 private:
  Posterior posterior_;
  double log_pmf_, log_odds_;
  double n_ = 0;
  double stayed_ = 1;    // P(stayed through n purchases).
  double left_now_ = 0;  // P(left exactly at the n-th).
  double below_ = 0;     // P(fewer than n) of a customer who never leaves.
};

}  // namespace

absl::StatusOr<BgNbd> BgNbd::Create(const BgNbdParameters& parameters) {
  for (const auto& [field, value] : {std::pair("r", parameters.r),
                                     {"alpha", parameters.alpha},
                                     {"a", parameters.a},
                                     {"b", parameters.b},
                                     {"time_unit_days", parameters.time_unit_days}}) {
    if (absl::Status status = RequirePositive(field, value); !status.ok()) return status;
  }
  return BgNbd(parameters);
}

double BgNbd::PAlive(const PurchaseHistory& history) const {
  if (AliveByConstruction(history)) return 1;
  return math::Logistic(-LogOddsLeft(parameters_, history));
}

double BgNbd::PAliveAhead(const PurchaseHistory& history, double days_ahead) const {
  const double now = PAlive(history);
  if (days_ahead <= 0 || now == 0) return now;
  const Posterior p = PosteriorOf(parameters_, history);
  const double u = ScaledHorizon(days_ahead / parameters_.time_unit_days, p.scale);
  const math::Rule rule = math::BetaRule(p.a, p.b, 1 / (p.shape * u));
  const double stays =
      Expect(rule, [&](double leave) { return std::exp(-p.shape * std::log1p(leave * u)); });
  return now * std::min(1.0, stays);
}

double BgNbd::ExpectedPurchases(const PurchaseHistory& history, double horizon_days) const {
  const double alive = PAlive(history);
  const Posterior p = PosteriorOf(parameters_, history);
  const double u = ScaledHorizon(horizon_days / parameters_.time_unit_days, p.scale);
  if (!(u > 0) || alive == 0) return 0;
  if (p.shape * u < 1e-280) return alive * p.shape * u;
  const math::Rule rule = math::BetaRule(p.a, p.b, 1 / (p.shape * u));
  return alive * Expect(rule, [&](double leave) { return PurchasesGivenLeave(leave, p.shape, u); });
}

double BgNbd::ProbabilityOfPurchase(const PurchaseHistory& history, double horizon_days) const {
  const Posterior p = PosteriorOf(parameters_, history);
  const double u = ScaledHorizon(horizon_days / parameters_.time_unit_days, p.scale);
  return PAlive(history) * -std::expm1(-p.shape * std::log1p(u));
}

std::vector<double> BgNbd::FuturePurchases(const PurchaseHistory& history, double horizon_days,
                                           uint32_t max_count) const {
  std::vector<double> result(size_t{max_count} + 1, 0.0);
  const double alive = PAlive(history);
  const Posterior p = PosteriorOf(parameters_, history);
  const double u = ScaledHorizon(horizon_days / parameters_.time_unit_days, p.scale);
  result[0] = 1;
  if (!(u > 0)) return result;
  CountDistribution counts(p, u);
  result[0] = (1 - alive) + alive * counts.Next();
  for (size_t n = 1; n < result.size(); ++n) result[n] = alive * counts.Next();
  return result;
}

// Fader, Hardie, Lee 2005, eq. 6, in logarithms.
double BgNbd::LogLikelihood(const PurchaseHistory& history) const {
  const BgNbdParameters& p = parameters_;
  const double x = history.frequency;
  const double log_age = std::log(p.alpha + history.age_days / p.time_unit_days);
  double rising[3], unused[3];
  const double offset[1] = {x};
  const double shapes[3] = {p.r, p.b, p.a + p.b};
  for (size_t i = 0; i < 3; ++i) {
    math::TabulateRising(shapes[i], offset, {&rising[i], 1}, {&unused[i], 1});
  }
  const double left =
      AliveByConstruction(history) ? 0 : math::Softplus(LogOddsLeft(parameters_, history));
  return rising[0] + p.r * std::log(p.alpha) + rising[1] - rising[2] - (p.r + x) * log_age + left;
}

}  // namespace rapport::value

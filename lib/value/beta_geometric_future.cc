// SPDX-License-Identifier: Apache-2.0
#include "lib/value/beta_geometric_future.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "lib/math/quadrature.h"
#include "lib/math/special.h"
#include "lib/value/beta_geometric_quadrature.h"

namespace rapport::value {
namespace {

constexpr double kLargestU = 1e100;
// e^-60 of the first purchases is nothing.
constexpr double kLongestDiscount = 60;
// A customer who surely stays: q = 1 - 1e-200.
constexpr double kLeastLeave = 1e-200;

double ScaledTime(double horizon, double scale) { return std::min(horizon / scale, kLargestU); }

// Calls use(n, E[(1-p)^n]) for n = 0, 1, ... below `size`.
template <typename F>
void ForEachStay(const LivingBuyer& buyer, size_t size, F use) {
  double stays = 1;
  for (size_t n = 0; n < size; ++n) {
    use(n, stays);
    const double before = buyer.b + static_cast<double>(n);
    stays *= before / (buyer.a + before);
  }
}

// What the sums need, as values of one buyer and horizon.
struct Ahead {
  StageLaw law;
  PurchaseCounts counts;
};
Ahead LookAhead(const LivingBuyer& buyer, double u, size_t wanted) {
  const StageLaw law = StageLaw::NegativeBinomial(buyer.shape, u);
  return {law, CountPurchases(law, buyer.counting, wanted)};
}

double LogStay(double p) { return std::log1p(-std::max(p, kLeastLeave)); }

// E over p of sum or power of the transform.
double IntegrateLeave(const LivingBuyer& buyer, double u, const Ahead& ahead,
                      double StagesTransform::*member) {
  const double stages = buyer.shape * u / buyer.counting.k;
  return ExpectBeta(buyer.a, buyer.b, 1 / stages, [&](double p) {
    if (p >= 1)
      return member == &StagesTransform::sum ? ahead.counts.tails[1] : ahead.counts.masses[0];
    return TransformPurchases(ahead.law, buyer.counting, ahead.counts, LogStay(p)).*member;
  });
}

// Discounted purchases of a customer whose rate is known.
class DiscountedGivenRate {
 public:
  DiscountedGivenRate(const LivingBuyer& buyer, double horizon, double discount, double most_rate)
      : buyer_(buyer), horizon_(horizon), discount_(discount), most_rate_(most_rate) {}

  double operator()(double rate) {
    const double log_phi = -std::log1p(discount_ / rate);
    if (!std::isfinite(log_phi)) return 0;
    if (!std::isfinite(horizon_)) return Forever(log_phi);
    const StageLaw law = StageLaw::Poisson((rate + discount_) * horizon_);
    const PurchaseCounts counts = CountPurchases(law, buyer_.counting, kCountsForSmallQ);
    return counts.complete ? Sum(counts, log_phi) : Integral(law, counts, log_phi);
  }

 private:
  double Forever(double log_phi) {
    const double k = buyer_.counting.k;
    const double last = std::expm1(k * std::log1p(discount_ / most_rate_));
    const double leaving = std::exp(k * log_phi), fading = -std::expm1(k * log_phi);
    const double sum = ExpectLeave(last, [&](double p) { return 1 / (fading + p * leaving); });
    return First(log_phi) * sum;
  }
  double Sum(const PurchaseCounts& counts, double log_phi) const {
    const double per_purchase = std::exp(buyer_.counting.k * log_phi);
    double sum = 0, discount = First(log_phi);
    ForEachStay(buyer_, counts.tails.size() - 1, [&](size_t n, double stays) {
      sum += stays * discount * counts.tails[n + 1];
      discount *= per_purchase;
    });
    return sum;
  }
  double Integral(const StageLaw& law, const PurchaseCounts& counts, double log_phi) {
    const double k = buyer_.counting.k;
    const double most = (most_rate_ + discount_) * horizon_ / k;
    return First(log_phi) * ExpectLeave(1 / most, [&](double p) {
             if (p >= 1) return counts.tails[1];
             return TransformPurchases(law, buyer_.counting, counts, LogStay(p) + k * log_phi).sum;
           });
  }
  // Up to the first purchase.
  double First(double log_phi) const {
    return std::exp((buyer_.counting.k - buyer_.counting.phase) * log_phi);
  }
  template <typename F>
  double ExpectLeave(double knee, F f) {
    if (rule_.nodes.empty()) rule_ = LeaveRule(buyer_.a, buyer_.b, knee);
    double sum = 0;
    for (size_t i = 0; i < rule_.nodes.size(); ++i) sum += rule_.weights[i] * f(rule_.nodes[i]);
    return sum;
  }

  const LivingBuyer& buyer_;
  double horizon_, discount_, most_rate_;
  math::Rule rule_;
};

}  // namespace

double StillAlive(const LivingBuyer& buyer, double horizon) {
  const double u = ScaledTime(horizon, buyer.scale);
  if (!(u > 0)) return 1;
  const Ahead ahead = LookAhead(buyer, u, kCountsForSmallQ);
  if (!ahead.counts.complete) {
    return std::min(1.0, IntegrateLeave(buyer, u, ahead, &StagesTransform::power));
  }
  double sum = 0;
  ForEachStay(buyer, ahead.counts.masses.size(),
              [&](size_t n, double stays) { sum += stays * ahead.counts.masses[n]; });
  return std::min(1.0, sum);
}

double PurchasesAhead(const LivingBuyer& buyer, double horizon) {
  const double u = ScaledTime(horizon, buyer.scale);
  if (!(u > 0)) return 0;
  const Ahead ahead = LookAhead(buyer, u, kCountsForSmallQ);
  if (!ahead.counts.complete) return IntegrateLeave(buyer, u, ahead, &StagesTransform::sum);
  double sum = 0;
  ForEachStay(buyer, ahead.counts.tails.size() - 1,
              [&](size_t n, double stays) { sum += stays * ahead.counts.tails[n + 1]; });
  return sum;
}

double DiscountedAhead(const LivingBuyer& buyer, double horizon, double rate) {
  if (!(horizon > 0)) return 0;
  if (rate * horizon > kLongestDiscount) horizon = std::numeric_limits<double>::infinity();
  // Given the rate: in units of 1 / scale, so that the rate is Gamma(shape, 1).
  const double most = LargestGamma(buyer.shape + buyer.counting.k);
  DiscountedGivenRate discounted(buyer, horizon / buyer.scale, rate * buyer.scale, most);
  const double width = 0.5 / buyer.counting.k;
  const double result =
      ExpectGamma(buyer.shape, most, width, [&](double stages) { return discounted(stages); });
  return std::isfinite(horizon) ? std::min(result, PurchasesAhead(buyer, horizon)) : result;
}

std::vector<double> CountsAhead(const LivingBuyer& buyer, double horizon, uint32_t max_count) {
  std::vector<double> result(size_t{max_count} + 1, 0.0);
  const double u = ScaledTime(horizon, buyer.scale);
  result[0] = 1;
  if (!(u > 0)) return result;
  const PurchaseCounts counts = LookAhead(buyer, u, result.size() + 1).counts;
  double left_now = 0;  // P(left exactly at the n-th).
  ForEachStay(buyer, std::min(result.size(), counts.masses.size()), [&](size_t n, double stays) {
    result[n] = stays * counts.masses[n] + left_now * counts.tails[n];
    left_now = stays * buyer.a / (buyer.a + buyer.b + static_cast<double>(n));
  });
  return result;
}

double NoneAhead(const LivingBuyer& buyer, double horizon) {
  const double u = ScaledTime(horizon, buyer.scale);
  if (!(u > 0)) return 1;
  const StageLaw law = StageLaw::NegativeBinomial(buyer.shape, u);
  const uint32_t stages = buyer.counting.k - buyer.counting.phase;
  if (stages == 1) return std::exp(law.LogProbability(0));
  // From the last one down: the others follow by ratios unless they outweigh it.
  const double anchor = std::min(law.mode(), stages - 1.0);
  const double log_anchor = law.LogProbability(anchor);
  double sum = 0, relative = 1;
  for (double m = anchor; m >= 0; --m) {
    sum += relative;
    if (m > 0) relative /= law.Ratio(m - 1);
  }
  relative = 1;
  for (double m = anchor; m + 1 < stages; ++m) sum += relative *= law.Ratio(m);
  return std::min(1.0, std::exp(log_anchor + std::log(sum)));
}

}  // namespace rapport::value

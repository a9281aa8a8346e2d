// SPDX-License-Identifier: Apache-2.0
#include "lib/value/beta_geometric_stages.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/math/special.h"

namespace rapport::value {
namespace {

constexpr double kMostStages = 4096;
constexpr double kNegligible = 1e-17;

using Complex = std::complex<double>;

// log(1 + z) without loss for small z.
Complex LogOnePlus(Complex z) {
  const double square = z.real() * (2 + z.real()) + z.imag() * z.imag();
  return {std::isfinite(square) ? 0.5 * std::log1p(square) : std::log(std::abs(z)),
          std::atan2(z.imag(), 1 + z.real())};
}

// 1 - e^z without loss for small z.
Complex OneMinusExp(Complex z) {
  const double half = std::sin(0.5 * z.imag());
  const double e = std::exp(z.real());
  return {-std::expm1(z.real()) + 2 * e * half * half, -e * std::sin(z.imag())};
}

// P(M = m) for m = 0, 1, ... until what is left is negligible or `most` are there.
struct StageMasses {
  std::vector<double> masses;
  bool complete = false;
};

StageMasses MassesOf(const StageLaw& law, double first_purchase, double least, double most) {
  StageMasses result;
  const double anchor = std::min(law.mode(), most - 1);
  const auto size = static_cast<size_t>(anchor) + 1;
  result.masses.assign(size, 0.0);
  double mass = std::exp(law.LogProbability(anchor));
  for (size_t m = size; m-- > 0;) {
    result.masses[m] = mass;
    if (m > 0) mass /= law.Ratio(static_cast<double>(m) - 1);
  }
  double above = 0;  // P(first purchase is among those listed).
  for (auto m = static_cast<size_t>(std::min(first_purchase, anchor + 1)); m < size; ++m) {
    above += result.masses[m];
  }
  mass = result.masses.back();
  for (double m = anchor; m + 1 < most; ++m) {
    const double ratio = law.Ratio(m);
    // The ratio moves towards its limit from either side.
    const double worst = std::max(ratio, law.Ratio(1e18));
    const bool rest_negligible =
        m >= first_purchase && worst < 1 && mass * ratio / (1 - worst) <= kNegligible * above;
    if (rest_negligible) result.complete = true;
    if (rest_negligible && m + 1 >= least) break;
    mass *= ratio;
    result.masses.push_back(mass);
    if (m + 1 >= first_purchase) above += mass;
  }
  return result;
}

// Large logarithms round; the sum of all is known.
void Normalise(std::vector<double>& masses) {
  double total = 0;
  for (double mass : masses) total += mass;
  if (!(total > 0)) return;
  for (double& mass : masses) mass /= total;
}

}  // namespace

StageLaw StageLaw::Poisson(double mean) {
  StageLaw law;
  law.mean_ = law.first_ = mean;
  law.mode_ = std::floor(mean);
  return law;
}

StageLaw StageLaw::NegativeBinomial(double shape, double u) {
  StageLaw law;
  law.shape_ = shape;
  law.mean_ = u;
  law.slope_ = u / (1 + u);
  law.first_ = shape * law.slope_;
  law.mode_ = shape > 1 ? std::floor((shape - 1) * u) : 0;
  return law;
}

double StageLaw::LogProbability(double m) const {
  if (shape_ > 0) {
    const double none = -shape_ * std::log1p(mean_);
    if (m == 0) return none;
    return none - std::log(m) - math::LogBeta(shape_, m) - m * std::log1p(1 / mean_);
  }
  return m == 0 ? -mean_ : m * std::log(mean_) - mean_ - math::LogGamma(m + 1);
}

double StageLaw::LogTransform(double one_minus_z) const {
  return shape_ > 0 ? -shape_ * std::log1p(mean_ * one_minus_z) : -mean_ * one_minus_z;
}

Complex StageLaw::LogTransform(Complex one_minus_z) const {
  return shape_ > 0 ? -shape_ * LogOnePlus(mean_ * one_minus_z) : -mean_ * one_minus_z;
}

PurchaseCounts CountPurchases(const StageLaw& law, StageCounting counting, size_t wanted) {
  const double k = counting.k, phase = counting.phase;
  const double least = static_cast<double>(wanted) * k - phase;
  const double most = std::max(least, kMostStages + 4 * k);
  StageMasses stages = MassesOf(law, k - phase, least, most);
  if (stages.complete) Normalise(stages.masses);
  PurchaseCounts counts;
  counts.complete = stages.complete;
  const size_t offset = counting.phase;
  const size_t size = (stages.masses.size() + offset - 1) / counting.k + 1;
  counts.masses.assign(size, 0.0);
  for (size_t m = 0; m < stages.masses.size(); ++m) {
    counts.masses[(m + offset) / counting.k] += stages.masses[m];
  }
  counts.tails.resize(size);
  double listed = 0;
  for (double mass : counts.masses) listed += mass;
  double tail = counts.complete ? 0 : std::max(0.0, 1 - listed);
  for (size_t n = size; n-- > 0;) counts.tails[n] = tail += counts.masses[n];
  return counts;
}

StagesTransform TransformStages(const StageLaw& law, StageCounting counting, double log_q) {
  const double k = counting.k;
  const double log_root = log_q / k;  // Of the real root q^(1/k).
  const double next = counting.phase + 1.0;
  StagesTransform result;
  const double factor = std::exp(next * log_root - log_q) / k;
  const double gap = -std::expm1(log_root);  // 1 - z.
  const double log_real = law.LogTransform(gap);
  result.sum = factor / gap * -std::expm1(log_real);
  result.power = factor / gap * std::exp(log_real);
  for (uint32_t l = 1; 2 * l <= counting.k; ++l) {
    const double turn = 2 * std::numbers::pi * l / k;
    const Complex one_minus_z = OneMinusExp({log_root, turn});
    // The root and its conjugate; -1 has none.
    const Complex weight =
        (2 * l == counting.k ? 1.0 : 2.0) * std::polar(factor, next * turn) / one_minus_z;
    const Complex log_transform = law.LogTransform(one_minus_z);
    result.sum += (weight * OneMinusExp(log_transform)).real();
    result.power += (weight * std::exp(log_transform)).real();
  }
  const double p = -std::expm1(log_q);
  return {std::max(0.0, result.sum), std::clamp(p * result.power, 0.0, 1.0)};
}

StagesTransform TransformPurchases(const StageLaw& law, StageCounting counting,
                                   const PurchaseCounts& counts, double log_q) {
  constexpr double kLogHalf = -std::numbers::ln2;
  if (log_q >= kLogHalf) return TransformStages(law, counting, log_q);
  const double q = std::exp(log_q);
  StagesTransform result;
  for (size_t n = kCountsForSmallQ; n-- > 0;) {
    result.power = counts.masses[n] + q * result.power;
    if (n > 0) result.sum = counts.tails[n] + q * result.sum;
  }
  return result;
}

}  // namespace rapport::value

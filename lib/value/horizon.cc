// SPDX-License-Identifier: Apache-2.0
#include "lib/value/horizon.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/value/alive_future.h"

namespace rapport::value {
namespace {

constexpr double kPanelWidth = 1.5;  // In log(alpha + T).
constexpr double kDaysPerYear = 365;
constexpr int kLegendrePoints = 16;
constexpr double kMostPanels = 1000;
constexpr int kShortRules[] = {12, 24, 48};
constexpr double kShortTolerance = 1e-11;

// The shortest rule that matches the one that always holds at the panel's hardest point,
// which is its largest u.
math::Rule RuleFor(double a, double b, double shape, double u) {
  math::Rule sure = math::BetaRule(a, b, 1 / (shape * u));
  const auto purchases = [&](double p) { return PurchasesGivenLeave(p, shape, u); };
  const double expected = Expect(sure, purchases);
  for (int nodes : kShortRules) {
    math::Rule rule = math::GaussJacobi(a, b, nodes);
    if (std::fabs(Expect(rule, purchases) - expected) <= kShortTolerance * expected) return rule;
  }
  return sure;
}

// Chebyshev coefficients from values at cos(pi (j + 1/2) / n).
template <size_t N>
std::array<double, N> ChebyshevFrom(const std::array<double, N>& values) {
  std::array<double, N> result{};
  for (size_t k = 0; k < N; ++k) {
    double sum = 0;
    for (size_t j = 0; j < N; ++j) {
      const double angle = std::numbers::pi * static_cast<double>(k) *
                           (static_cast<double>(j) + 0.5) / static_cast<double>(N);
      sum += values[j] * std::cos(angle);
    }
    result[k] = (k == 0 ? 1.0 : 2.0) * sum / static_cast<double>(N);
  }
  return result;
}

}  // namespace

BgNbdHorizon::BgNbdHorizon(const BgNbd& model, double horizon_days, double annual_discount_rate)
    : model_(model),
      horizon_days_(horizon_days),
      horizon_(horizon_days / model.parameters().time_unit_days),
      discount_(std::log1p(annual_discount_rate) / kDaysPerYear *
                model.parameters().time_unit_days),
      legendre_(math::GaussLegendre(kLegendrePoints)) {}

// e^(-d h) E(h) + d * integral of e^(-d t) E(t), with t = scale (e^w - 1): E is smooth in w.
double BgNbdHorizon::Discounted(const math::Rule& rule, double shape, double scale,
                                double purchases) const {
  if (discount_ <= 0) return purchases;
  const double width = std::log1p(horizon_ / scale);
  const double decay = discount_ * horizon_;
  const double panels = std::ceil(std::min(width / 3 + decay / 4, kMostPanels));
  const double half = width / panels / 2;
  double integral = 0;
  for (double panel = 0; panel < panels; ++panel) {
    for (size_t i = 0; i < legendre_.nodes.size(); ++i) {
      const double w = half * (2 * panel + 1 + legendre_.nodes[i]);
      const double u = std::expm1(w);
      const double e = Expect(rule, [&](double p) { return PurchasesGivenLeave(p, shape, u); });
      integral +=
          half * legendre_.weights[i] * e * std::exp(-discount_ * scale * u) * scale * (1 + u);
    }
  }
  return std::min(purchases, std::exp(-decay) * purchases + discount_ * integral);
}

AliveFuture BgNbdHorizon::Evaluate(const math::Rule& rule, double shape, double scale) const {
  const double u = ScaledHorizon(horizon_, scale);
  AliveFuture future;
  future.purchases = Expect(rule, [&](double p) { return PurchasesGivenLeave(p, shape, u); });
  future.discounted_purchases = Discounted(rule, shape, scale, future.purchases);
  return future;
}

AliveFuture BgNbdHorizon::Direct(uint32_t frequency, double age_days) const {
  if (!(horizon_ > 0)) return {};
  const BgNbdParameters& p = model_.parameters();
  const double shape = p.r + frequency;
  const double scale = p.alpha + age_days / p.time_unit_days;
  const double u = ScaledHorizon(horizon_, scale);
  return Evaluate(math::BetaRule(p.a, p.b + frequency, 1 / (shape * u)), shape, scale);
}

BgNbdHorizon::Panel BgNbdHorizon::DrawPanel(uint32_t frequency, uint32_t index) const {
  const BgNbdParameters& p = model_.parameters();
  const double shape = p.r + frequency;
  const double first = kPanelWidth * index;
  const double largest_u = ScaledHorizon(horizon_, p.alpha * std::exp(first));
  const math::Rule rule = RuleFor(p.a, p.b + frequency, shape, largest_u);
  Curve purchases, discounted;
  for (size_t j = 0; j < kPoints; ++j) {
    const double y = std::cos(std::numbers::pi * (static_cast<double>(j) + 0.5) / kPoints);
    const double scale = p.alpha * std::exp(first + kPanelWidth * 0.5 * (1 + y));
    const AliveFuture future = Evaluate(rule, shape, scale);
    purchases[j] = future.purchases;
    discounted[j] = future.discounted_purchases;
  }
  return {ChebyshevFrom(purchases), ChebyshevFrom(discounted)};
}

const BgNbdHorizon::Panel& BgNbdHorizon::PanelAt(uint32_t frequency, uint32_t index) {
  const uint64_t key = uint64_t{frequency} << 32 | index;
  if (key == last_key_) return *last_;
  std::unique_ptr<Panel>& panel = panels_[key];
  if (panel == nullptr) panel = std::make_unique<Panel>(DrawPanel(frequency, index));
  last_key_ = key;
  last_ = panel.get();
  return *last_;
}

AliveFuture BgNbdHorizon::At(uint32_t frequency, double age_days) {
  if (!(horizon_ > 0)) return {};
  const BgNbdParameters& p = model_.parameters();
  const double place = std::log1p(age_days / p.time_unit_days / p.alpha) / kPanelWidth;
  const auto index = static_cast<uint32_t>(place);
  const Panel& panel = PanelAt(frequency, index);
  const double y = 2 * (place - index) - 1;
  // Clenshaw's recurrence on both curves together.
  double a1 = 0, a2 = 0, b1 = 0, b2 = 0;
  for (size_t k = kPoints - 1; k > 0; --k) {
    const double a = 2 * y * a1 - a2 + panel.purchases[k];
    const double b = 2 * y * b1 - b2 + panel.discounted[k];
    a2 = a1, b2 = b1;
    a1 = a, b1 = b;
  }
  AliveFuture future;
  future.purchases = std::max(0.0, y * a1 - a2 + panel.purchases[0]);
  future.discounted_purchases =
      std::clamp(y * b1 - b2 + panel.discounted[0], 0.0, future.purchases);
  return future;
}

}  // namespace rapport::value

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/pareto_nbd_race.h"

#include <algorithm>
#include <numbers>

namespace rapport::value {
namespace {

constexpr double kWidest = 0.5;      // Half of a panel.
constexpr double kNarrowest = 0.01;  // Nothing is gained below.
constexpr double kDigits = 31;       // e^-31 = 3e-14.

// Points that bring the error below e^-kDigits: a Chebyshev series of a function analytic
// within |Im w| < pi falls by g + sqrt(g^2 + 1), g = pi / half, a term.
size_t PointsFor(double half) {
  const double g = std::numbers::pi / half;
  return 3 + static_cast<size_t>(kDigits / std::log(g + std::sqrt(g * g + 1)));
}

}  // namespace

RaceGrid::RaceGrid(double alpha, double beta, double oldest) {
  log_origin_ = std::log(alpha) - std::log(beta);
  const double last = std::log((alpha + oldest) / (beta + oldest));
  const double range = std::fabs(last - log_origin_);
  panels_ = 1 + static_cast<size_t>(std::min(1e4, range / (2 * kWidest)));
  half_ = std::max(kNarrowest, 0.5 * range / static_cast<double>(panels_));
  low_ = 0.5 * (log_origin_ + last) - half_ * static_cast<double>(panels_);
  inverse_half_ = 1 / half_;
  points_ = PointsFor(half_);
  for (size_t i = 0; i < 4 * points_; ++i) {
    const double share = static_cast<double>(i) / (2 * static_cast<double>(points_));
    cosines_[i] = std::cos(std::numbers::pi * share);
  }
}

void RaceGrid::Interpolate(const double* values, double* coefficients) const {
  const size_t n = points_;
  std::array<double, kMostPoints> below{}, current{};  // T_(j-1) and T_j in powers of t.
  std::fill(coefficients, coefficients + n, 0.0);
  below[1] = current[0] = 1;  // T_-1 = T_1.
  for (size_t j = 0; j < n; ++j) {
    double c = 0;
    for (size_t k = 0; k < n; ++k) c += values[k] * cosines_[(j * (2 * k + 1)) % (4 * n)];
    c *= (j == 0 ? 1.0 : 2.0) / static_cast<double>(n);
    for (size_t i = 0; i <= j; ++i) coefficients[i] += c * current[i];
    for (size_t i = std::min(j + 1, n - 1) + 1; i-- > 0;) {
      below[i] = (i > 0 ? 2 * current[i - 1] : 0) - below[i];
    }
    std::swap(below, current);
  }
}

void RaceCurve::Restart(double shape, double s) {
  shape_ = shape;
  s_ = s;
  for (Panel& panel : panels_) panel.drawn = false;
}

void RaceCurve::Draw(size_t index) {
  const size_t n = grid_.points();
  std::array<std::array<double, RaceGrid::kMostPoints>, 8> values;
  for (size_t k = 0; k < n; ++k) {
    const double w = grid_.PointAt(index, k);
    // e^w = a / b with the smaller of the two at 1.
    const math::RaceLogs at =
        math::GammaRaceLogs({shape_, std::exp(std::max(w, 0.0)), s_, std::exp(std::max(-w, 0.0))});
    const double column[8] = {at.two.log, at.two.by_w, at.two.by_m, at.two.by_s,
                              at.one.log, at.one.by_w, at.one.by_m, at.one.by_s};
    for (size_t i = 0; i < 8; ++i) values[i][k] = column[i];
  }
  std::array<double, RaceGrid::kMostPoints> coefficients;
  for (size_t i = 0; i < 8; ++i) {
    grid_.Interpolate(values[i].data(), coefficients.data());
    for (size_t k = 0; k < n; ++k) panels_[index].rows[k][i] = coefficients[k];
  }
  panels_[index].drawn = true;
}

}  // namespace rapport::value

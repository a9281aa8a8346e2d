// SPDX-License-Identifier: Apache-2.0
// Will a living customer leave before the next purchase? As a curve over time.
//
// A customer with x purchases who is alive at age u buys at rate Gamma(r + x, alpha + u)
// and leaves at rate Gamma(s, beta + u); which of the two comes first is a GammaRace.
// With q(u) the chance to leave first and H(u) = (1 + u/alpha)^-(r+x) (1 + u/beta)^-s, the
// likelihood of a history is a sum of two positive terms,
//   L = (r)_x alpha^-x [ H(t_x) q(t_x) + H(T) (1 - q(T)) ],
// which is the integral of Schmittlein, Morrison and Colombo 1987 (Fader and Hardie 2005,
// brucehardie.com/notes/009) after an integration by parts.
//
// q depends on u through w = log((alpha + u) / (beta + u)) only, and log q and log(1 - q)
// are analytic within |Im w| < pi for all parameters (q is a Stieltjes function of e^w).
// So for a fixed x a polynomial of degree 6 to 14 on a panel no wider than 1 in w holds
// both and all their slopes to 1e-12: that is what makes fits of millions of rows cheap.
//
// A RaceGrid fixes the panels for one set of parameters; a RaceCurve is of one x and draws
// panels when they are first read. Not thread-safe. Cost: 10 us a panel, 20 ns a read.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "lib/math/gamma_race.h"

namespace rapport::value {

class RaceGrid {
 public:
  static constexpr size_t kMostPoints = 16;

  // For ages in [0, oldest].
  RaceGrid(double alpha, double beta, double oldest);

  double log_origin() const { return log_origin_; }  // w at age 0.
  size_t panels() const { return panels_; }
  size_t points() const { return points_; }
  size_t PanelOf(double w) const;
  double Center(size_t panel) const { return low_ + (2 * static_cast<double>(panel) + 1) * half_; }
  // Where w lies in a panel, -1 .. 1.
  double PlaceIn(size_t panel, double w) const { return (w - Center(panel)) * inverse_half_; }
  // w at the k-th Chebyshev point of a panel, and the polynomial through values there, as
  // coefficients of 1, t, t^2, ...
  double PointAt(size_t panel, size_t k) const {
    return Center(panel) + half_ * cosines_[2 * k + 1];
  }
  void Interpolate(const double* values, double* coefficients) const;

 private:
  double log_origin_, low_, half_, inverse_half_;
  size_t panels_, points_;
  std::array<double, 4 * kMostPoints> cosines_;  // cos(pi i / (2 points)).
};

inline size_t RaceGrid::PanelOf(double w) const {
  const double place = (w - low_) * 0.5 * inverse_half_;
  if (!(place > 0)) return 0;
  const auto panel = static_cast<size_t>(place);
  return panel < panels_ ? panel : panels_ - 1;
}

class RaceCurve {
 public:
  explicit RaceCurve(const RaceGrid& grid) : grid_(grid), panels_(grid.panels()) {}
  // The curve of shape r + x; forgets all panels.
  void Restart(double shape, double s);

  // The logarithm of "leaves first" and of "buys first" at w.
  math::RaceLog Leaves(double w) { return Read(w, 0); }
  math::RaceLog Buys(double w) { return Read(w, 4); }

 private:
  // Row k holds the coefficients of t^k: by name {log, by_w, by_m, by_s} of `two`, then of
  // `one`.
  struct Panel {
    bool drawn = false;
    std::array<std::array<double, 8>, RaceGrid::kMostPoints> rows;
  };

  math::RaceLog Read(double w, size_t column);
  void Draw(size_t index);

  const RaceGrid& grid_;
  std::vector<Panel> panels_;
  double shape_ = 1, s_ = 1;
};

inline math::RaceLog RaceCurve::Read(double w, size_t column) {
  const size_t index = grid_.PanelOf(w);
  if (!panels_[index].drawn) Draw(index);
  const Panel& panel = panels_[index];
  const double t = grid_.PlaceIn(index, w);
  std::array<double, 4> sum = {0, 0, 0, 0};
  for (size_t k = grid_.points(); k-- > 0;) {
    const double* row = panel.rows[k].data() + column;
    for (size_t i = 0; i < 4; ++i) sum[i] = sum[i] * t + row[i];
  }
  return {sum[0], sum[1], sum[2], sum[3]};
}

}  // namespace rapport::value

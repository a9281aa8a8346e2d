// SPDX-License-Identifier: Apache-2.0
#include "lib/math/optimize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace rapport::math {
namespace {

using Vector = std::vector<double>;

constexpr double kNoise = 3e-11;      // Of an objective, relative: sums and quadratures.
constexpr double kNearby = 1e-5;      // A Hessian so close serves as the one at the point.
constexpr double kLongest = 2;        // No coordinate moves more at once.
constexpr double kLeastRoom = 1e-12;  // Nearer to a bound is at it.
constexpr int kMaxFailures = 12;      // Shorter and shorter steps on one Hessian.

double Dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Lower Cholesky factor of a row-major matrix; false when it is not positive definite.
bool Factor(Vector& m, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = m[i * n + j];
      for (size_t k = 0; k < j; ++k) sum -= m[i * n + k] * m[j * n + k];
      if (i != j) {
        m[i * n + j] = sum / m[j * n + j];
      } else if (sum > 0 && std::isfinite(sum)) {
        m[i * n + i] = std::sqrt(sum);
      } else {
        return false;
      }
    }
  }
  return true;
}

void SolveFactored(const Vector& lower, size_t n, Vector& x) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) x[i] -= lower[i * n + k] * x[k];
    x[i] /= lower[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) x[i] -= lower[k * n + i] * x[k];
    x[i] /= lower[i * n + i];
  }
}

// One minimisation. `x_`, `f_`, `g_` always belong together.
class Search {
 public:
  Search(Objective objective, std::span<const double> start, const MinimizeOptions& options)
      : objective_(objective),
        options_(options),
        n_(start.size()),
        x_(start.begin(), start.end()),
        g_(n_),
        inverse_(n_ * n_) {
    for (double& x : x_) x = std::clamp(x, -options_.bound, options_.bound);
    f_ = Evaluate(x_, g_);
  }

  void RunBfgs();
  void RunNewton();
  Minimum Finish();

 private:
  double Evaluate(const Vector& x, Vector& gradient) {
    ++evaluations_;
    const double value = objective_(x, std::span<double>(gradient));
    bool finite = std::isfinite(value);
    for (double slope : gradient) finite = finite && std::isfinite(slope);
    return finite ? value : std::numeric_limits<double>::infinity();
  }
  // At a bound, with the slope pushing further out.
  bool Outward(double x, double slope) const {
    return (x >= options_.bound && slope < 0) || (x <= -options_.bound && slope > 0);
  }
  bool Stuck(size_t i) const { return Outward(x_[i], g_[i]); }
  double NormAt(const Vector& x, const Vector& g) const {
    double norm = 0;
    for (size_t i = 0; i < n_; ++i) {
      if (!Outward(x[i], g[i])) norm = std::max(norm, std::fabs(g[i]));
    }
    return norm;
  }
  double FreeNorm() const { return NormAt(x_, g_); }
  bool UseGuess();
  void ResetInverse();
  Vector Direction() const;
  double LongestStep(const Vector& direction) const;
  bool LineSearch(const Vector& direction);
  void Accept(const Vector& x, const Vector& g, double f);
  void UpdateInverse(const Vector& step, const Vector& change);
  const Vector& ComputeHessian();
  Vector FreePart(Vector matrix) const;
  double DistanceTo(const Vector& point) const;
  Vector RegionStep(const Vector& hessian, double radius) const;
  double PromiseOf(const Vector& hessian, const Vector& step) const;
  bool TryStep(const Vector& hessian, double& radius);
  bool RunSecant();
  void WalkRegion(Vector hessian);
  bool AtRoundingFloor() const;

  Objective objective_;
  const MinimizeOptions& options_;
  size_t n_;
  Vector x_, g_;
  Vector inverse_;        // Approximation of the inverse Hessian.
  bool guessed_ = false;  // It began as that of the caller's Hessian.
  double f_ = 0;
  int iterations_ = 0;
  int evaluations_ = 0;
  Vector hessian_;  // At hessian_at_; empty until wanted.
  Vector hessian_at_;
};

bool Search::UseGuess() {
  if (options_.hessian_guess.size() != n_ * n_) return false;
  const Vector inverse = InvertPositiveDefinite(options_.hessian_guess, n_);
  if (inverse.empty()) return false;
  inverse_ = inverse;
  guessed_ = true;
  return true;
}

void Search::ResetInverse() {
  guessed_ = false;
  // A first step of length 0.5 at most, whatever the slope.
  const double scale = 0.5 / std::max(0.5, FreeNorm());
  std::fill(inverse_.begin(), inverse_.end(), 0.0);
  for (size_t i = 0; i < n_; ++i) inverse_[i * n_ + i] = scale;
}

Vector Search::Direction() const {
  Vector direction(n_, 0.0);
  for (size_t i = 0; i < n_; ++i) {
    if (Stuck(i)) continue;
    for (size_t j = 0; j < n_; ++j) {
      if (!Stuck(j)) direction[i] -= inverse_[i * n_ + j] * g_[j];
    }
  }
  return direction;
}

// The multiple that brings the first coordinate to its bound, and moves none more than kLongest.
double Search::LongestStep(const Vector& direction) const {
  double longest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < n_; ++i) {
    if (direction[i] == 0) continue;
    const double room = direction[i] > 0 ? options_.bound - x_[i] : options_.bound + x_[i];
    longest = std::min(longest, std::min(kLongest, room) / std::fabs(direction[i]));
  }
  return longest;
}

// Bisection for the weak Wolfe conditions (Lewis and Overton 2013). Moves x_, f_, g_ and
// updates the inverse; false when no decrease is left to find.
bool Search::LineSearch(const Vector& direction) {
  const double slope = Dot(direction, g_);
  const double longest = LongestStep(direction);
  if (!(slope < 0) || !(longest > 0)) return false;
  double low = 0, high = std::numeric_limits<double>::infinity();
  double step = std::min(1.0, longest);
  Vector x(n_), g(n_);
  for (int trial = 0; trial < 40; ++trial) {
    for (size_t i = 0; i < n_; ++i) {
      x[i] = std::clamp(x_[i] + step * direction[i], -options_.bound, options_.bound);
    }
    const double f = Evaluate(x, g);
    if (!(f <= f_ + 1e-4 * step * slope)) {
      high = step;
    } else if (Dot(direction, g) < 0.9 * slope && step < longest) {
      low = step;
    } else {
      Accept(x, g, f);
      return true;
    }
    step = std::isinf(high) ? std::min(2 * low, longest) : 0.5 * (low + high);
  }
  return false;
}

void Search::Accept(const Vector& x, const Vector& g, double f) {
  Vector moved(n_), change(n_);
  for (size_t i = 0; i < n_; ++i) {
    moved[i] = x[i] - x_[i];
    change[i] = g[i] - g_[i];
  }
  x_ = x;
  g_ = g;
  f_ = f;
  UpdateInverse(moved, change);
}

void Search::UpdateInverse(const Vector& step, const Vector& change) {
  const double curvature = Dot(step, change);
  if (!(curvature > 1e-14 * std::sqrt(Dot(step, step) * Dot(change, change)))) return;
  if (iterations_ == 0 && !guessed_) {  // Nocedal and Wright 2006, eq. 6.20.
    const double scale = curvature / Dot(change, change);
    for (size_t i = 0; i < n_; ++i) inverse_[i * n_ + i] = scale;
  }
  Vector hy(n_, 0.0);
  for (size_t i = 0; i < n_; ++i) {
    for (size_t j = 0; j < n_; ++j) hy[i] += inverse_[i * n_ + j] * change[j];
  }
  const double factor = (1 + Dot(change, hy) / curvature) / curvature;
  for (size_t i = 0; i < n_; ++i) {
    for (size_t j = 0; j < n_; ++j) {
      inverse_[i * n_ + j] +=
          factor * step[i] * step[j] - (hy[i] * step[j] + step[i] * hy[j]) / curvature;
    }
  }
}

void Search::RunBfgs() {
  if (!std::isfinite(f_)) return;
  if (!UseGuess()) ResetInverse();
  bool fresh = true;
  while (iterations_ < options_.max_iterations && FreeNorm() > options_.bfgs_tolerance) {
    const bool moved = LineSearch(Direction());
    if (!moved && fresh) return;
    if (!moved) ResetInverse();
    fresh = !moved;
    ++iterations_;
  }
}

// Central differences of gradients, made symmetric; kept with its place.
const Vector& Search::ComputeHessian() {
  Vector result(n_ * n_);
  Vector x = x_, up(n_), down(n_);
  const double h = options_.hessian_step;
  for (size_t i = 0; i < n_; ++i) {
    x[i] = x_[i] + h;
    Evaluate(x, up);
    x[i] = x_[i] - h;
    Evaluate(x, down);
    x[i] = x_[i];
    for (size_t j = 0; j < n_; ++j) result[i * n_ + j] = (up[j] - down[j]) / (2 * h);
  }
  for (size_t i = 0; i < n_; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double mean = 0.5 * (result[i * n_ + j] + result[j * n_ + i]);
      result[i * n_ + j] = result[j * n_ + i] = mean;
    }
  }
  hessian_ = std::move(result);
  hessian_at_ = x_;
  return hessian_;
}

double Search::DistanceTo(const Vector& point) const {
  if (point.empty()) return std::numeric_limits<double>::infinity();
  double distance = 0;
  for (size_t i = 0; i < n_; ++i) distance = std::max(distance, std::fabs(x_[i] - point[i]));
  return distance;
}

// Rows and columns of coordinates at a bound become the identity's.
Vector Search::FreePart(Vector matrix) const {
  for (size_t i = 0; i < n_; ++i) {
    if (std::fabs(x_[i]) < options_.bound) continue;
    for (size_t j = 0; j < n_; ++j) matrix[i * n_ + j] = matrix[j * n_ + i] = i == j ? 1 : 0;
  }
  return matrix;
}

// Minimum of the quadratic model within `radius`: (H + shift) p = -g with the smallest
// shift that makes it positive definite and p short enough.
Vector Search::RegionStep(const Vector& hessian, double radius) const {
  const Vector free = FreePart(hessian);
  double size = 0;
  for (size_t i = 0; i < n_; ++i) size = std::max(size, std::fabs(free[i * n_ + i]));
  const auto step_for = [&](double shift) {
    Vector lower = free, step(n_);
    for (size_t i = 0; i < n_; ++i) lower[i * n_ + i] += shift;
    for (size_t i = 0; i < n_; ++i) step[i] = Stuck(i) ? 0 : -g_[i];
    if (!Factor(lower, n_)) return Vector();
    SolveFactored(lower, n_, step);
    return step;
  };
  const auto fits = [&](const Vector& step) {
    return !step.empty() && std::sqrt(Dot(step, step)) <= radius;  // False for NaN.
  };
  Vector step = step_for(0);
  if (fits(step)) return step;
  double low = 1e-16 * std::max(size, 1e-300), high = low;
  while (!fits(step = step_for(high)) && high < 1e300) low = high, high *= 16;
  for (int i = 0; i < 12; ++i) {
    const double middle = std::sqrt(low * high);
    Vector trial = step_for(middle);
    if (fits(trial)) {
      high = middle;
      step = std::move(trial);
    } else {
      low = middle;
    }
  }
  return step;
}

// How much the quadratic model falls along `step`.
double Search::PromiseOf(const Vector& hessian, const Vector& step) const {
  double promise = 0;
  for (size_t i = 0; i < n_; ++i) {
    promise -= g_[i] * step[i];
    for (size_t j = 0; j < n_; ++j) promise -= 0.5 * step[i] * hessian[i * n_ + j] * step[j];
  }
  return promise;
}

// One step of at most `radius`, which follows from how well the model foretold it. True
// when the point moved. Below what rounding of f can show, the slope decides.
bool Search::TryStep(const Vector& hessian, double& radius) {
  Vector step = RegionStep(hessian, radius);
  if (step.empty()) return false;
  // Up to the first bound, there exactly: the next step then leaves that coordinate out.
  const double part = std::min(1.0, LongestStep(step));
  Vector x(n_), g(n_);
  for (size_t i = 0; i < n_; ++i) {
    x[i] = std::clamp(x_[i] + part * step[i], -options_.bound, options_.bound);
    const double room = options_.bound - std::fabs(x[i]);
    if (room < kLeastRoom) x[i] = std::copysign(options_.bound, x[i]);
    step[i] = x[i] - x_[i];
  }
  const double length = std::sqrt(Dot(step, step));
  const double promise = PromiseOf(hessian, step);
  const double noise = kNoise * (1 + std::fabs(f_));
  const bool visible = promise > 100 * noise;
  const double f = Evaluate(x, g);
  // Less steep there, or still downhill.
  const double slope = Dot(g, step);
  const bool lower = NormAt(x, g) < FreeNorm() || slope < 0;
  const bool better = visible ? f_ - f > 0.05 * promise : f <= f_ + noise && lower;
  if (!better) {
    radius = 0.25 * length;
    return false;
  }
  if (visible ? f_ - f > 0.5 * promise : slope < 0)
    radius = std::max(radius, std::min(4.0, 2 * length));
  x_ = std::move(x);
  g_ = std::move(g);
  f_ = f;
  ++iterations_;
  return true;
}

// BFGS steps of full length that the slope alone judges: enough where the curvature is
// known well. False when they stop short.
bool Search::RunSecant() {
  Vector x(n_), g(n_);
  for (int step = 0; step < options_.max_newton_steps; ++step) {
    const double before = FreeNorm();
    if (before <= options_.gradient_tolerance) return true;
    const Vector direction = Direction();
    for (size_t i = 0; i < n_; ++i) {
      x[i] = std::clamp(x_[i] + direction[i], -options_.bound, options_.bound);
    }
    const double f = Evaluate(x, g);
    if (!(f <= f_ + kNoise * (1 + std::fabs(f_))) || !(NormAt(x, g) < 0.5 * before)) return false;
    Accept(x, g, f);
    ++iterations_;
  }
  return false;
}

// Steps on one Hessian as long as each lowers the slope tenfold; then on a new one.
void Search::WalkRegion(Vector hessian) {
  double radius = 1;
  bool fresh = hessian_at_ == x_;
  int failures = 0;
  for (int step = 0; step < options_.max_newton_steps; ++step) {
    const double before = FreeNorm();
    if (before <= 0.01 * options_.gradient_tolerance) return;
    const bool moved = TryStep(hessian, radius);
    if (moved && FreeNorm() <= 0.1 * before) {
      fresh = false;
      continue;
    }
    if (FreeNorm() <= options_.gradient_tolerance) return;
    if (moved || !fresh) {
      hessian = ComputeHessian();
      fresh = true;
      if (!moved) radius = 1;
      if (moved) failures = 0;
    } else if (++failures > kMaxFailures) {
      return;
    }
  }
}

void Search::RunNewton() {
  if (!std::isfinite(f_)) return;
  if (!options_.want_hessian && RunSecant()) return;
  WalkRegion(ComputeHessian());
  if (options_.want_hessian && DistanceTo(hessian_at_) > kNearby) ComputeHessian();
}

// Whether rounding hides all that a Newton step could still gain.
bool Search::AtRoundingFloor() const {
  if (hessian_.empty() || DistanceTo(hessian_at_) > kNearby) return false;
  Vector lower = FreePart(hessian_), step(n_);
  for (size_t i = 0; i < n_; ++i) step[i] = Stuck(i) ? 0 : -g_[i];
  if (!Factor(lower, n_)) return false;
  SolveFactored(lower, n_, step);
  return PromiseOf(hessian_, step) <= 1e-14 * (1 + std::fabs(f_));
}

Minimum Search::Finish() {
  Minimum result;
  result.value = f_;
  result.gradient_norm = FreeNorm();
  result.converged = std::isfinite(f_) &&
                     (result.gradient_norm <= options_.gradient_tolerance || AtRoundingFloor());
  for (double x : x_) result.at_bound.push_back(std::fabs(x) >= options_.bound);
  result.iterations = iterations_;
  if (DistanceTo(hessian_at_) > kNearby) hessian_.clear();
  if (!hessian_.empty()) result.inverse_hessian = InvertPositiveDefinite(FreePart(hessian_), n_);
  result.evaluations = evaluations_;
  result.hessian = std::move(hessian_);
  result.x = std::move(x_);
  result.gradient = std::move(g_);
  return result;
}

}  // namespace

std::vector<double> InvertPositiveDefinite(std::span<const double> matrix, size_t n) {
  Vector lower(matrix.begin(), matrix.end());
  if (!Factor(lower, n)) return {};
  Vector inverse(n * n), column(n);
  for (size_t j = 0; j < n; ++j) {
    std::fill(column.begin(), column.end(), 0.0);
    column[j] = 1;
    SolveFactored(lower, n, column);
    for (size_t i = 0; i < n; ++i) inverse[i * n + j] = column[i];
  }
  return inverse;
}

Minimum Minimize(Objective objective, std::span<const double> start,
                 const MinimizeOptions& options) {
  Search search(objective, start, options);
  search.RunBfgs();
  search.RunNewton();
  return search.Finish();
}

}  // namespace rapport::math

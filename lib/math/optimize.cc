// SPDX-License-Identifier: Apache-2.0
#include "lib/math/optimize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace rapport::math {
namespace {

using Vector = std::vector<double>;

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
  bool Stuck(size_t i) const {
    return (x_[i] >= options_.bound && g_[i] < 0) || (x_[i] <= -options_.bound && g_[i] > 0);
  }
  double FreeNorm(const Vector& g) const {
    double norm = 0;
    for (size_t i = 0; i < n_; ++i) {
      if (!Stuck(i)) norm = std::max(norm, std::fabs(g[i]));
    }
    return norm;
  }
  void ResetInverse();
  Vector Direction() const;
  double LongestStep(const Vector& direction) const;
  bool LineSearch(const Vector& direction);
  void UpdateInverse(const Vector& step, const Vector& change);
  Vector Hessian();
  Vector FreePart(Vector matrix) const;
  bool NewtonStep(const Vector& lower);

  Objective objective_;
  const MinimizeOptions& options_;
  size_t n_;
  Vector x_, g_;
  Vector inverse_;  // Approximation of the inverse Hessian.
  double f_ = 0;
  int iterations_ = 0;
  int evaluations_ = 0;
  Vector hessian_;
};

void Search::ResetInverse() {
  // A first step of length 0.5 at most, whatever the slope.
  const double scale = 0.5 / std::max(0.5, FreeNorm(g_));
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

// The step that brings the first coordinate to its bound, and none moves more than 2.
double Search::LongestStep(const Vector& direction) const {
  double longest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < n_; ++i) {
    if (direction[i] == 0) continue;
    const double room = direction[i] > 0 ? options_.bound - x_[i] : options_.bound + x_[i];
    longest = std::min(longest, std::min(2.0, room) / std::fabs(direction[i]));
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
      Vector moved(n_), change(n_);
      for (size_t i = 0; i < n_; ++i) {
        moved[i] = x[i] - x_[i];
        change[i] = g[i] - g_[i];
      }
      x_ = x;
      g_ = g;
      f_ = f;
      UpdateInverse(moved, change);
      return true;
    }
    step = std::isinf(high) ? std::min(2 * low, longest) : 0.5 * (low + high);
  }
  return false;
}

void Search::UpdateInverse(const Vector& step, const Vector& change) {
  const double curvature = Dot(step, change);
  if (!(curvature > 1e-14 * std::sqrt(Dot(step, step) * Dot(change, change)))) return;
  if (iterations_ == 0) {  // Nocedal and Wright 2006, eq. 6.20.
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
  ResetInverse();
  bool fresh = true;
  while (iterations_ < options_.max_iterations && FreeNorm(g_) > options_.bfgs_tolerance) {
    const bool moved = LineSearch(Direction());
    if (!moved && fresh) return;
    if (!moved) ResetInverse();
    fresh = !moved;
    ++iterations_;
  }
}

// Central differences of gradients, made symmetric.
Vector Search::Hessian() {
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
  return result;
}

// Rows and columns of coordinates at a bound become the identity's.
Vector Search::FreePart(Vector matrix) const {
  for (size_t i = 0; i < n_; ++i) {
    if (std::fabs(x_[i]) < options_.bound) continue;
    for (size_t j = 0; j < n_; ++j) matrix[i * n_ + j] = matrix[j * n_ + i] = i == j ? 1 : 0;
  }
  return matrix;
}

// A chord step with a Hessian near by; kept only if it lowers the slope.
bool Search::NewtonStep(const Vector& lower) {
  Vector step(n_), x(n_), g(n_);
  for (size_t i = 0; i < n_; ++i) step[i] = Stuck(i) ? 0 : -g_[i];
  SolveFactored(lower, n_, step);
  for (size_t i = 0; i < n_; ++i) {
    if (!(std::fabs(step[i]) < 1)) return false;
    x[i] = std::clamp(x_[i] + step[i], -options_.bound, options_.bound);
  }
  const double f = Evaluate(x, g);
  if (!(FreeNorm(g) < FreeNorm(g_)) || !std::isfinite(f)) return false;
  x_ = x;
  g_ = g;
  f_ = f;
  ++iterations_;
  return true;
}

void Search::RunNewton() {
  if (!std::isfinite(f_)) return;
  hessian_ = Hessian();
  const Vector begin = x_;
  for (int step = 0; step < options_.max_newton_steps; ++step) {
    if (FreeNorm(g_) <= 0.01 * options_.gradient_tolerance) break;
    Vector lower = FreePart(hessian_);
    if (!Factor(lower, n_) || !NewtonStep(lower)) break;
  }
  double moved = 0;
  for (size_t i = 0; i < n_; ++i) moved = std::max(moved, std::fabs(x_[i] - begin[i]));
  if (moved > 1e-5) hessian_ = Hessian();
}

Minimum Search::Finish() {
  Minimum result;
  result.value = f_;
  result.gradient_norm = FreeNorm(g_);
  result.converged = std::isfinite(f_) && result.gradient_norm <= options_.gradient_tolerance;
  for (double x : x_) result.at_bound.push_back(std::fabs(x) >= options_.bound);
  result.iterations = iterations_;
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

// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/logistic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/base/errors.h"
#include "lib/math/optimize.h"
#include "lib/math/special.h"

namespace rapport::predict {
namespace {

constexpr size_t kBlock = 64;  // Rows; a block of 32 columns is 16 KB.
constexpr size_t kTile = 4;

// gram += Z'Z for rows of width `stride` (a multiple of kTile), lower tiles only. Sixteen
// sums live in registers while the block passes.
void AddGram(const double* z, size_t rows, size_t stride, double* gram) {
  for (size_t i = 0; i < stride; i += kTile) {
    for (size_t j = 0; j <= i; j += kTile) {
      double sum[kTile][kTile] = {};
      for (size_t r = 0; r < rows; ++r) {
        const double* a = z + r * stride + i;
        const double* b = z + r * stride + j;
        for (size_t p = 0; p < kTile; ++p) {
          for (size_t q = 0; q < kTile; ++q) sum[p][q] += a[p] * b[q];
        }
      }
      for (size_t p = 0; p < kTile; ++p) {
        for (size_t q = 0; q < kTile; ++q) gram[(i + p) * stride + j + q] += sum[p][q];
      }
    }
  }
}

// Objective, slope and curvature at one point.
struct Slopes {
  double objective = 0;
  double log_likelihood = 0;
  std::vector<double> gradient;
  std::vector<double> hessian;  // n x n.
};

class Newton {
 public:
  Newton(const LogisticRows& rows, const LogisticOptions& options)
      : rows_(rows),
        options_(options),
        n_(rows.columns + 1),
        stride_((n_ + kTile - 1) / kTile * kTile),
        block_(kBlock * stride_),
        gram_(stride_ * stride_) {
    for (size_t i = 0; i < rows.weights.size(); ++i) {
      const double weight = static_cast<double>(rows.weights[i]);
      total_ += weight;
      if (rows.happened[i]) happened_ += weight;
    }
  }

  bool OneClass() const { return !(happened_ > 0 && happened_ < total_); }
  LogisticFit Run();

 private:
  std::vector<double> Start() const {
    if (options_.start.size() == n_) return {options_.start.begin(), options_.start.end()};
    std::vector<double> start(n_, 0.0);
    start[0] = std::log(happened_ / (total_ - happened_));
    return start;
  }
  double Norm(const Slopes& at) const {
    double norm = 0;
    for (double slope : at.gradient) norm = std::max(norm, std::fabs(slope));
    return norm / total_;
  }
  Slopes Evaluate(const std::vector<double>& beta);
  void AddBlock(const RowBlock& block, const std::vector<double>& beta, Slopes& at);
  void Penalize(const std::vector<double>& beta, Slopes& at) const;
  // Moves to a lower point along the Newton step; false when there is none.
  bool Step(std::vector<double>& beta, Slopes& at, const std::vector<double>& inverse);

  const LogisticRows& rows_;
  const LogisticOptions& options_;
  size_t n_, stride_;
  std::vector<double> block_, gram_;
  double total_ = 0, happened_ = 0;
  int passes_ = 0;
};

// Adds likelihood and slope, then scales each row by the root of its curvature, which is
// what the Gram matrix is made of.
void Newton::AddBlock(const RowBlock& block, const std::vector<double>& beta, Slopes& at) {
  double log_likelihood = 0;
  std::vector<double>& slope = at.gradient;
  for (size_t r = 0; r < block.count; ++r) {
    double* z = block_.data() + r * stride_;
    z[0] = 1;
    const double weight = static_cast<double>(rows_.weights[block.first + r]);
    if (weight == 0) {
      std::fill(z, z + stride_, 0.0);
      continue;
    }
    double eta = 0;
    for (size_t j = 0; j < n_; ++j) eta += beta[j] * z[j];
    const bool happened = rows_.happened[block.first + r] != 0;
    const double e = std::exp(-std::fabs(eta));
    const double p = eta >= 0 ? 1 / (1 + e) : e / (1 + e);
    log_likelihood -= weight * (std::fmax(happened ? -eta : eta, 0.0) + std::log1p(e));
    const double residual = weight * (p - (happened ? 1 : 0));
    const double root = std::sqrt(weight * e) / (1 + e);
    for (size_t j = 0; j < n_; ++j) {
      slope[j] += residual * z[j];
      z[j] *= root;
    }
  }
  at.log_likelihood += log_likelihood;
  AddGram(block_.data(), block.count, stride_, gram_.data());
}

void Newton::Penalize(const std::vector<double>& beta, Slopes& at) const {
  at.objective = -at.log_likelihood;
  for (size_t j = 1; j < n_; ++j) {
    at.objective += 0.5 * options_.penalty * beta[j] * beta[j];
    at.gradient[j] += options_.penalty * beta[j];
    at.hessian[j * n_ + j] += options_.penalty;
  }
}

Slopes Newton::Evaluate(const std::vector<double>& beta) {
  ++passes_;
  Slopes at;
  at.gradient.assign(n_, 0.0);
  at.hessian.assign(n_ * n_, 0.0);
  std::fill(gram_.begin(), gram_.end(), 0.0);
  std::fill(block_.begin(), block_.end(), 0.0);
  const size_t size = rows_.happened.size();
  for (size_t first = 0; first < size; first += kBlock) {
    const RowBlock block{first, std::min(kBlock, size - first), stride_, block_.data() + 1};
    rows_.load(block);
    AddBlock(block, beta, at);
  }
  for (size_t i = 0; i < n_; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      at.hessian[i * n_ + j] = at.hessian[j * n_ + i] = gram_[i * stride_ + j];
    }
  }
  Penalize(beta, at);
  return at;
}

bool Newton::Step(std::vector<double>& beta, Slopes& at, const std::vector<double>& inverse) {
  std::vector<double> step(n_, 0.0), next(n_);
  for (size_t i = 0; i < n_; ++i) {
    for (size_t j = 0; j < n_; ++j) step[i] -= inverse[i * n_ + j] * at.gradient[j];
  }
  double length = 1;
  for (int trial = 0; trial < 30; ++trial, length /= 2) {
    for (size_t i = 0; i < n_; ++i) next[i] = beta[i] + length * step[i];
    Slopes reached = Evaluate(next);
    // Near the minimum the objective is flat to its last bits; the slope decides there.
    const double slack = 1e-12 * std::fabs(at.objective);
    const bool lower = reached.objective < at.objective - slack;
    const bool flatter = reached.objective <= at.objective + slack && Norm(reached) < Norm(at);
    if (std::isfinite(reached.objective) && (lower || flatter)) {
      beta = std::move(next);
      at = std::move(reached);
      return true;
    }
  }
  return false;
}

LogisticFit Newton::Run() {
  LogisticFit fit;
  std::vector<double> beta = Start();
  Slopes at = Evaluate(beta);
  std::vector<double> inverse = math::InvertPositiveDefinite(at.hessian, n_);
  while (passes_ < options_.max_iterations && !inverse.empty() &&
         !(Norm(at) <= options_.gradient_tolerance) && Step(beta, at, inverse)) {
    inverse = math::InvertPositiveDefinite(at.hessian, n_);
  }
  fit.coefficients = std::move(beta);
  fit.covariance = std::move(inverse);
  fit.penalty = options_.penalty;
  fit.log_likelihood = at.log_likelihood;
  fit.gradient_norm = Norm(at);
  fit.iterations = passes_;
  fit.converged = !fit.covariance.empty() && fit.gradient_norm <= options_.gradient_tolerance;
  if (fit.covariance.empty()) fit.covariance.assign(n_ * n_, 0.0);
  return fit;
}

// The grid from the largest penalty down, each fit starting from the one before. Adds the
// loss on `held_out` to `losses`; false when a class is absent.
bool AddLosses(const LogisticRows& rows, const LogisticRows& held_out, std::span<const double> grid,
               std::vector<double>& losses) {
  std::vector<double> start;
  for (size_t i = 0; i < grid.size(); ++i) {
    // A loss to six digits is enough to compare penalties.
    const LogisticOptions options{.penalty = grid[i], .gradient_tolerance = 1e-5, .start = start};
    absl::StatusOr<LogisticFit> fit = FitLogistic(rows, options);
    if (!fit.ok()) return false;
    losses[i] += MeanLogLoss(held_out, fit->coefficients);
    start = std::move(fit->coefficients);
  }
  return true;
}

PenaltyChoice Best(std::span<const double> grid, const std::vector<double>& losses) {
  PenaltyChoice choice;
  double best = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < grid.size(); ++i) {
    choice.trials.push_back({grid[i], losses[i]});
    if (losses[i] < best) {
      best = losses[i];
      choice.penalty = grid[i];
    }
  }
  return choice;
}

}  // namespace

double LogisticFit::standard_error(size_t i) const {
  return std::sqrt(covariance[i * coefficients.size() + i]);
}

absl::StatusOr<LogisticFit> FitLogistic(const LogisticRows& rows, const LogisticOptions& options) {
  if (!(options.penalty > 0) || !std::isfinite(options.penalty)) {
    return InvalidField("penalty", "NOT_POSITIVE", "must be finite and > 0");
  }
  Newton newton(rows, options);
  if (newton.OneClass()) {
    return FailedPrecondition("NOT_ENOUGH_DATA", "all rows have the same outcome");
  }
  return newton.Run();
}

double MeanLogLoss(const LogisticRows& rows, std::span<const double> coefficients) {
  const size_t stride = std::max<size_t>(rows.columns, 1);
  std::vector<double> block(kBlock * stride);
  double loss = 0, total = 0;
  for (size_t first = 0; first < rows.happened.size(); first += kBlock) {
    const size_t count = std::min(kBlock, rows.happened.size() - first);
    rows.load({first, count, stride, block.data()});
    for (size_t r = 0; r < count; ++r) {
      const double weight = static_cast<double>(rows.weights[first + r]);
      if (weight == 0) continue;
      double eta = coefficients[0];
      for (size_t j = 0; j < rows.columns; ++j) eta += coefficients[j + 1] * block[r * stride + j];
      loss += weight * math::Softplus(rows.happened[first + r] ? -eta : eta);
      total += weight;
    }
  }
  return total > 0 ? loss / total : 0;
}

PenaltyChoice ChoosePenalty(const LogisticRows& rows, std::span<const uint8_t> fold, uint32_t folds,
                            std::span<const double> grid) {
  std::vector<double> losses(grid.size(), 0.0);
  const size_t size = rows.happened.size();
  std::vector<float> seen(size), unseen(size);
  for (uint32_t f = 0; f < folds; ++f) {
    double share = 0;
    for (size_t i = 0; i < size; ++i) {
      seen[i] = fold[i] == f ? 0 : rows.weights[i];
      unseen[i] = fold[i] == f ? rows.weights[i] : 0;
      share += static_cast<double>(unseen[i]);
    }
    if (share == 0) continue;
    std::vector<double> fold_losses(grid.size(), 0.0);
    if (!AddLosses({rows.columns, rows.happened, seen, rows.load},
                   {rows.columns, rows.happened, unseen, rows.load}, grid, fold_losses)) {
      return {};
    }
    for (size_t i = 0; i < grid.size(); ++i) losses[i] += share * fold_losses[i];
  }
  double total = 0;
  for (float weight : rows.weights) total += static_cast<double>(weight);
  for (double& loss : losses) loss /= total;
  return Best(grid, losses);
}

PenaltyChoice ChoosePenalty(const LogisticRows& rows, const LogisticRows& validation,
                            std::span<const double> grid) {
  std::vector<double> losses(grid.size(), 0.0);
  if (!AddLosses(rows, validation, grid, losses)) return {};
  return Best(grid, losses);
}

}  // namespace rapport::predict

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/math/optimize.h"
#include "lib/value/purchase_fit_fold.h"
#include "lib/value/purchase_fit_objective.h"
#include "lib/value/purchase_fit_summary.h"

namespace rapport::value {
namespace {

using math::Minimum;
using Point = std::vector<double>;

constexpr size_t kSampleAbove = size_t{1} << 16;  // Distinct rows.
constexpr size_t kSampleCustomers = size_t{1} << 15;

bool Regular(ModelKind kind) { return kind == ModelKind::kBgCnbdK || kind == ModelKind::kMbgCnbdK; }

absl::Status Validate(ModelKind kind, const FoldedPurchases& rows,
                      const PurchaseFitOptions& options) {
  if (options.regularity < 1 || (options.regularity > 1 && !Regular(kind))) {
    return InvalidField("regularity", "OUT_OF_RANGE",
                        "must be 1, or more for bg_cnbd_k and mbg_cnbd_k");
  }
  if (options.warm_start.has_value()) {
    if (options.warm_start->kind != kind) {
      return InvalidField("warm_start.kind", "WRONG_KIND", "must be of the kind that is fitted");
    }
    RETURN_IF_ERROR(PrefixField(ValidateParameters(*options.warm_start), "warm_start."));
  }
  if (rows.repeat_weight > 0) return absl::OkStatus();
  return FailedPrecondition("NOT_ENOUGH_DATA", "no customer has a repeat purchase");
}

// A fit in progress: one kind, the full data and perhaps a sample of them.
class Solver {
 public:
  Solver(ModelKind kind, const FoldedPurchases& rows, const PurchaseFitOptions& options)
      : options_(options),
        rows_(rows),
        coordinates_(kind, rows),
        objective_(coordinates_, rows, options.regularity, options.parallel) {}

  absl::StatusOr<PurchaseFit> Run();

 private:
  size_t covariates() const { return rows_.covariate_names.size(); }
  // The first `n` coordinates of where to start.
  Point StartOf(size_t n) const;
  Minimum Solve(const Point& start, bool want_hessian);
  Minimum SolveWithSample(const Point& start, bool want_hessian);
  Minimum SolveFrom(PurchaseObjective& objective, const Point& start,
                    const math::MinimizeOptions& minimize);
  Minimum SolveTwice(PurchaseObjective& objective, const Point& start,
                     const math::MinimizeOptions& minimize);
  PurchaseFit Describe(const Minimum& minimum) const;

  const PurchaseFitOptions& options_;
  const FoldedPurchases& rows_;
  FitCoordinates coordinates_;
  PurchaseObjective objective_;
  int evaluations_ = 0;  // Of the full objective.
};

Point Solver::StartOf(size_t n) const {
  Point start =
      options_.warm_start.has_value()
          ? coordinates_.CoordinatesOf(*options_.warm_start, rows_.time_unit_days, covariates())
          : coordinates_.ColdStart(rows_);
  start.resize(n, 0.0);
  return start;
}

Minimum Solver::SolveFrom(PurchaseObjective& objective, const Point& start,
                          const math::MinimizeOptions& minimize) {
  Minimum minimum = math::Minimize(
      [&](std::span<const double> x, std::span<double> gradient) { return objective(x, gradient); },
      start, minimize);
  if (&objective == &objective_) evaluations_ += minimum.evaluations;
  return minimum;
}

// A result that is not usable gets a second start, from less heterogeneity; the better of
// the two counts.
Minimum Solver::SolveTwice(PurchaseObjective& objective, const Point& start,
                           const math::MinimizeOptions& minimize) {
  Minimum first = SolveFrom(objective, start, minimize);
  const bool bound =
      std::find(first.at_bound.begin(), first.at_bound.end(), true) != first.at_bound.end();
  const bool singular = minimize.want_hessian && first.inverse_hessian.empty();
  if (first.converged && !bound && !singular) return first;
  Point other = coordinates_.ColdStart(rows_);
  other.resize(start.size(), 0.0);
  const size_t base = coordinates_.base_size();
  for (size_t i = 0; i < base; ++i) other[i] += 1.5;
  math::MinimizeOptions cold = minimize;
  cold.hessian_guess = {};
  Minimum second = SolveFrom(objective, other, cold);
  const double margin = 1e-11 * (1 + std::fabs(first.value));
  if (!std::isfinite(first.value)) return second;
  if (second.value < first.value - margin) return second;
  return second.converged && !first.converged && second.value < first.value + margin ? second
                                                                                     : first;
}

Minimum Solver::SolveWithSample(const Point& start, bool want_hessian) {
  const FoldedPurchases sample = SampleOf(rows_, kSampleCustomers);
  PurchaseObjective objective(coordinates_, sample, options_.regularity, options_.parallel);
  // A warm start is nearer than the sample's own maximum: the curvature alone is wanted.
  const Minimum rough =
      options_.warm_start.has_value()
          ? SolveFrom(objective, start,
                      {.bound = kFitBound, .max_iterations = 0, .max_newton_steps = 0})
          : SolveTwice(objective, start,
                       {.bound = kFitBound, .bfgs_tolerance = 1e-3, .gradient_tolerance = 1e-6});
  const Point& from = std::isfinite(rough.value) ? rough.x : start;
  const math::MinimizeOptions full = {
      .bound = kFitBound, .hessian_guess = rough.hessian, .want_hessian = want_hessian};
  // What runs to a bound on the sample from both starts does so on all rows: a second
  // start there would cost more than it can find.
  const bool bound =
      std::find(rough.at_bound.begin(), rough.at_bound.end(), true) != rough.at_bound.end();
  return bound ? SolveFrom(objective_, from, full) : SolveTwice(objective_, from, full);
}

Minimum Solver::Solve(const Point& start, bool want_hessian) {
  std::vector<double> guess;
  if (options_.warm_start.has_value() && start.size() == coordinates_.size()) {
    guess = HessianOf(options_.warm_covariance, coordinates_, covariates(), rows_.weight);
  }
  if (guess.empty() && rows_.distinct_rows > kSampleAbove) {
    return SolveWithSample(start, want_hessian);
  }
  return SolveTwice(objective_, start,
                    {.bound = kFitBound, .hessian_guess = guess, .want_hessian = want_hessian});
}

PurchaseFit Solver::Describe(const Minimum& minimum) const {
  PurchaseFit fit;
  fit.parameters = coordinates_.ParametersAt(minimum.x, covariates());
  fit.parameters.regularity = options_.regularity;
  fit.parameters.time_unit_days = rows_.time_unit_days;
  const FitNames names{TraitsOf(coordinates_.kind()).parameters, rows_.covariate_names};
  DescribePurchaseFit(minimum, coordinates_, names, options_.want_errors, fit);
  fit.summary.distinct_rows = rows_.distinct_rows;
  fit.summary.evaluations = evaluations_;
  size_t next = 0;
  for (size_t c = 0; c < covariates(); ++c) {
    const auto& kept = coordinates_.scaling().kept;
    if (next < kept.size() && kept[next] == c) {
      ++next;
    } else {
      fit.left_out_covariates.push_back(rows_.covariate_names[c]);
    }
  }
  return fit;
}

absl::StatusOr<PurchaseFit> Solver::Run() {
  const size_t base = coordinates_.base_size();
  const bool effects = coordinates_.size() > base;
  if (!effects) return Describe(Solve(StartOf(base), options_.want_errors));
  // Without effects first: it is what the test compares with, and where effects start.
  const Minimum without = Solve(StartOf(base), false);
  Point start = StartOf(coordinates_.size());
  if (!options_.warm_start.has_value())
    std::copy(without.x.begin(), without.x.end(), start.begin());
  PurchaseFit fit = Describe(Solve(start, options_.want_errors));
  const double log_likelihood_without = -without.value * rows_.weight;
  fit.covariate_test = TestCovariates(fit.summary, base, log_likelihood_without);
  return fit;
}

}  // namespace

absl::StatusOr<PurchaseFit> FitPurchases(ModelKind kind, const FoldedPurchases& rows,
                                         const PurchaseFitOptions& options) {
  RETURN_IF_ERROR(Validate(kind, rows, options));
  return Solver(kind, rows, options).Run();
}

absl::StatusOr<PurchaseFit> FitPurchases(ModelKind kind, std::span<const PurchaseHistory> rows,
                                         const PurchaseFitOptions& options) {
  ASSIGN_OR_RETURN(const FoldedPurchases folded, FoldForFit(rows, options));
  return FitPurchases(kind, folded, options);
}

absl::StatusOr<RegularFit> FitRegular(ModelKind kind, const FoldedPurchases& rows,
                                      const PurchaseFitOptions& options) {
  if (!Regular(kind)) {
    return InvalidField("kind", "NO_REGULARITY", "must be bg_cnbd_k or mbg_cnbd_k");
  }
  RegularFit result;
  PurchaseFitOptions next = options;
  for (uint32_t k = 1; k <= kMaxRegularity; ++k) {
    next.regularity = k;
    ASSIGN_OR_RETURN(PurchaseFit fit, FitPurchases(kind, rows, next));
    result.tried.push_back(fit.summary);
    const double gain = fit.summary.log_likelihood - result.best.summary.log_likelihood;
    const bool better = k == 1 || (fit.summary.converged && gain > 0);
    if (!better) break;
    result.best = std::move(fit);
    // A gap of k + 1 stages takes as long as one of k: stages are that much faster.
    next.warm_start = result.best.parameters;
    next.warm_start->values[1] *= static_cast<double>(k) / (k + 1);
    next.warm_covariance = {};
  }
  return result;
}

}  // namespace rapport::value

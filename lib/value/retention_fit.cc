// SPDX-License-Identifier: Apache-2.0
#include "lib/value/retention_fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/math/beta_ratio.h"
#include "lib/math/optimize.h"

namespace rapport::value {
namespace {

constexpr const char* kNames[] = {"alpha", "beta", "c"};
constexpr double kScales[] = {1, 1, 1};
constexpr uint32_t kMostPeriods = 1'000'000;

// Customers by what happened at renewal t; both may be at one t.
struct Fate {
  double left = 0;   // At this renewal.
  double there = 0;  // Made it; the next one is not known.
};

struct Fates {
  std::map<uint32_t, Fate> at;
  double left = 0, survived = 0;  // Customers; renewals made.
  double weight = 0;
  uint32_t last = 0;
};

absl::Status ValidateRow(const RetentionRow& row, const std::string& prefix) {
  if (!std::isfinite(row.weight)) {
    return InvalidField(prefix + "weight", "NOT_FINITE", "must be a number");
  }
  if (row.weight < 0) return InvalidField(prefix + "weight", "NEGATIVE", "must be >= 0");
  if (row.periods > kMostPeriods || (row.churned && row.periods == 0)) {
    return InvalidField(prefix + "periods", "OUT_OF_RANGE",
                        "must be at most 1,000,000, and 1 or more for those who left");
  }
  return absl::OkStatus();
}

// Rows of one fate add up in the order of their weight, whatever the order of input.
Fates FatesOf(std::vector<RetentionRow> rows) {
  std::sort(rows.begin(), rows.end(), [](const RetentionRow& a, const RetentionRow& b) {
    return std::tie(a.periods, a.churned, a.weight) < std::tie(b.periods, b.churned, b.weight);
  });
  Fates fates;
  for (const RetentionRow& row : rows) {
    if (row.weight == 0 || (row.periods == 0 && !row.churned)) continue;
    Fate& fate = fates.at[row.periods];
    (row.churned ? fate.left : fate.there) += row.weight;
    if (row.churned) fates.left += row.weight;
    fates.survived += row.weight * (row.periods - (row.churned ? 1.0 : 0.0));
    fates.weight += row.weight;
    fates.last = std::max(fates.last, row.periods);
  }
  return fates;
}

// log S(t) and its slopes in log alpha, log beta, log c.
struct LogSurvival {
  double value = 0;
  double slope[3] = {0, 0, 0};
};

// Mean negative log-likelihood in log parameters: two of them with c = 1, or three.
class RetentionObjective {
 public:
  explicit RetentionObjective(const Fates& fates) : fates_(fates) {}

  double operator()(std::span<const double> x, std::span<double> gradient) {
    alpha_ = std::exp(x[0]);
    beta_ = std::exp(x[1]);
    c_ = x.size() > 2 ? std::exp(x[2]) : 1;
    double sum = 0;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (const auto& [t, fate] : fates_.at) {
      const LogSurvival after = At(t);
      if (fate.there > 0) sum += AddTerm(fate.there, after, gradient);
      if (fate.left > 0) sum += AddTerm(fate.left, Leaving(t), gradient);
    }
    const double scale = -1 / fates_.weight;
    for (double& slope : gradient) slope *= scale;
    return scale * sum;
  }

 private:
  static double AddTerm(double weight, const LogSurvival& term, std::span<double> gradient) {
    for (size_t i = 0; i < gradient.size(); ++i) gradient[i] += weight * term.slope[i];
    return weight * term.value;
  }

  // Survival from `start` (t^c, stretched time) over `step` more, with its slopes in alpha
  // and beta, and in start and step into the two last arguments.
  LogSurvival Over(double start, double step, double& in_start, double& in_step) const {
    LogSurvival s;
    const double b = beta_ + start;
    s.value = math::LogBetaRatio(alpha_, b, step);
    in_step = -math::DigammaStep(b + step, alpha_);
    in_start = in_step + math::DigammaStep(b, alpha_);
    s.slope[0] = -alpha_ * math::DigammaStep(alpha_ + b, step);
    s.slope[1] = beta_ * in_start;
    return s;
  }

  LogSurvival At(double t) const {
    if (t == 0) return {};
    double in_start = 0, in_step = 0;
    const double u = std::pow(t, c_);
    LogSurvival s = Over(0, u, in_start, in_step);
    s.slope[2] = in_step * u * c_ * std::log(t);
    return s;
  }

  // log(S(t-1) - S(t)) = log S(t-1) + log(1 - e^step).
  LogSurvival Leaving(double t) const {
    LogSurvival s = At(t - 1);
    const double log_t = std::log(t), log_before = t > 1 ? std::log(t - 1) : 0;
    const double before = t > 1 ? std::pow(t - 1, c_) : 0;
    const double u = std::pow(t, c_);
    const double step = t > 1 ? before * std::expm1(c_ * (std::log1p(1 / (t - 1)))) : u;
    double in_start = 0, in_step = 0;
    LogSurvival stay = Over(before, step, in_start, in_step);
    const double start_in_c = before * log_before * c_;
    stay.slope[2] = in_start * start_in_c + in_step * (u * log_t * c_ - start_in_c);
    const double odds = 1 / std::expm1(-stay.value);  // Of staying against leaving.
    s.value += std::log(-std::expm1(stay.value));
    for (size_t i = 0; i < 3; ++i) s.slope[i] -= odds * stay.slope[i];
    return s;
  }

  const Fates& fates_;
  double alpha_ = 1, beta_ = 1, c_ = 1;
};

math::Minimum Search(const Fates& fates, const std::vector<double>& start) {
  RetentionObjective objective(fates);
  return math::Minimize(
      [&](std::span<const double> x, std::span<double> gradient) { return objective(x, gradient); },
      start);
}

// alpha = 1 and the mean chance to leave of the data.
std::vector<double> ColdStart(const Fates& fates) {
  return {0, std::log(std::max(0.1, fates.survived / fates.left))};
}

// The shifted-beta-geometric is the Weibull's start: its likelihood can then only rise.
math::Minimum Estimate(const Fates& fates, const RetentionFitOptions& options) {
  std::vector<double> start = ColdStart(fates);
  const bool weibull = options.kind == RetentionKind::kBetaDiscreteWeibull;
  if (options.warm_start.has_value()) {
    start = {std::log(options.warm_start->alpha), std::log(options.warm_start->beta)};
    if (weibull) start.push_back(std::log(options.warm_start->c));
    return Search(fates, start);
  }
  math::Minimum minimum = Search(fates, start);
  if (!weibull) return minimum;
  // Not from a bound, where slopes are flat.
  for (size_t i = 0; i < 2; ++i) start[i] = std::clamp(minimum.x[i], -4.0, 6.0);
  start.push_back(0);
  return Search(fates, start);
}

absl::StatusOr<RetentionFit> FitFates(const Fates& fates, const RetentionFitOptions& options) {
  if (!(fates.left > 0)) return FailedPrecondition("NOT_ENOUGH_DATA", "nobody left");
  if (!(fates.survived > 0)) return FailedPrecondition("NOT_ENOUGH_DATA", "nobody stayed");
  const math::Minimum minimum = Estimate(fates, options);
  const size_t n = minimum.x.size();
  FitSummary summary = DescribeFit(minimum, {kNames, n}, {kScales, n}, fates.weight);
  summary.distinct_rows = fates.at.size();
  const auto& found = summary.parameters;
  ASSIGN_OR_RETURN(
      const RetentionModel model,
      RetentionModel::Create({found[0].value, found[1].value, n > 2 ? found[2].value : 1}));
  std::vector<double> covariance = minimum.inverse_hessian;
  for (double& c : covariance) c /= fates.weight;
  return RetentionFit{options.kind, model, std::move(summary), std::move(covariance), fates.last};
}

absl::Status ValidateWarmStart(const RetentionFitOptions& options) {
  if (!options.warm_start.has_value()) return absl::OkStatus();
  return PrefixField(RetentionModel::Create(*options.warm_start).status(), "warm_start.");
}

// Over cohorts with a converged fit of their own.
std::optional<CohortTest> TestCohorts(std::span<const RetentionCohort> cohorts,
                                      const CohortFits& fits, const RetentionFitOptions& options) {
  CohortTest test;
  std::vector<RetentionRow> rows;
  for (size_t i = 0; i < cohorts.size(); ++i) {
    if (!fits.apart[i].ok() || !fits.apart[i]->summary.converged) continue;
    rows.insert(rows.end(), cohorts[i].rows.begin(), cohorts[i].rows.end());
    test.log_likelihood_apart += fits.apart[i]->summary.log_likelihood;
    ++test.cohorts;
  }
  if (test.cohorts < 2) return std::nullopt;
  RetentionFitOptions together = options;
  together.warm_start = fits.pooled.model.parameters();
  const auto pooled = FitFates(FatesOf(std::move(rows)), together);
  if (!pooled.ok() || !pooled->summary.converged) return std::nullopt;
  test.log_likelihood_pooled = pooled->summary.log_likelihood;
  test.statistic = std::max(0.0, 2 * (test.log_likelihood_apart - test.log_likelihood_pooled));
  test.degrees = static_cast<int>((test.cohorts - 1) * pooled->summary.parameters.size());
  test.p_value = math::ChiSquareTail(test.statistic, test.degrees);
  return test;
}

}  // namespace

absl::StatusOr<std::vector<RetentionRow>> RowsFromSurvivors(std::span<const double> survivors,
                                                            double scale) {
  if (!(std::isfinite(scale) && scale > 0)) {
    return InvalidField("scale", "NOT_POSITIVE", "must be finite and > 0");
  }
  if (survivors.size() < 2) {
    return InvalidField("survivors", "TOO_SHORT", "must say who is there after 0 and 1 renewals");
  }
  std::vector<RetentionRow> rows;
  for (size_t t = 0; t < survivors.size(); ++t) {
    const std::string field = Cat("survivors[", t, "]");
    if (!std::isfinite(survivors[t])) return InvalidField(field, "NOT_FINITE", "must be a number");
    if (survivors[t] < 0) return InvalidField(field, "NEGATIVE", "must be >= 0");
    if (t == 0) continue;
    if (survivors[t] > survivors[t - 1]) {
      return InvalidField(field, "INCREASED", "cannot exceed the number before");
    }
    rows.push_back({static_cast<uint32_t>(t), true, scale * (survivors[t - 1] - survivors[t])});
  }
  rows.push_back({static_cast<uint32_t>(survivors.size() - 1), false, scale * survivors.back()});
  return rows;
}

absl::StatusOr<RetentionFit> FitRetention(std::span<const RetentionRow> rows,
                                          const RetentionFitOptions& options) {
  RETURN_IF_ERROR(ValidateWarmStart(options));
  for (size_t i = 0; i < rows.size(); ++i) {
    RETURN_IF_ERROR(ValidateRow(rows[i], Cat("rows[", i, "].")));
  }
  return FitFates(FatesOf({rows.begin(), rows.end()}), options);
}

absl::StatusOr<CohortFits> FitCohorts(std::span<const RetentionCohort> cohorts,
                                      const RetentionFitOptions& options) {
  RETURN_IF_ERROR(ValidateWarmStart(options));
  std::vector<RetentionRow> all;
  for (size_t i = 0; i < cohorts.size(); ++i) {
    for (size_t j = 0; j < cohorts[i].rows.size(); ++j) {
      RETURN_IF_ERROR(ValidateRow(cohorts[i].rows[j], Cat("cohorts[", i, "].rows[", j, "].")));
    }
    all.insert(all.end(), cohorts[i].rows.begin(), cohorts[i].rows.end());
  }
  ASSIGN_OR_RETURN(RetentionFit pooled, FitFates(FatesOf(std::move(all)), options));
  CohortFits fits{{}, {}, std::move(pooled), std::nullopt};
  for (const RetentionCohort& cohort : cohorts) {
    fits.names.push_back(cohort.name);
    fits.apart.push_back(
        FitRetention(cohort.rows, {.kind = options.kind, .warm_start = cohort.warm_start}));
  }
  fits.test = TestCohorts(cohorts, fits, options);
  return fits;
}

}  // namespace rapport::value

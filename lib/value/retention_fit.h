// SPDX-License-Identifier: Apache-2.0
// Fits retention models (lib/value/retention.h) to who stayed how long, per cohort.
//
// Input is folded: a row says how many customers had the same fate. What is only known as
// "still there" is censored and counts as such. Weights need not be whole; standard
// errors and tests take their sum as the number of customers, so pass counts, not
// percents, where those matter (RowsFromSurvivors can scale).
//
// Maximum likelihood over log parameters; a fit that does not converge, or whose
// parameters the data do not hold in place (one observed renewal cannot tell alpha from
// beta; a cohort without heterogeneity lets both run away), says so in its summary:
// lib/value/fit_summary.h. Intervals are by the delta method: they cover the uncertainty
// of the parameters, not chance in a cohort of few customers.
//
// Pure; thread-safe. Same rows in any order, same bits. Cost: about 1 ms for ten periods.
//
//   ASSIGN_OR_RETURN(auto rows, RowsFromSurvivors(still_there));
//   ASSIGN_OR_RETURN(RetentionFit fit, FitRetention(rows));
//   auto in_five_years = SurvivalInterval(fit, 12, 0.95);
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "lib/math/stats.h"
#include "lib/value/fit_summary.h"
#include "lib/value/retention.h"

namespace rapport::value {

struct RetentionRow {
  // churned: left at this renewal, 1 or later. Otherwise: made so many renewals and is
  // still there (0: has not had to decide yet, says nothing).
  uint32_t periods = 0;
  bool churned = false;
  double weight = 1;  // Customers.
};

// survivors[t] customers (or percent) were still there after t renewals, t = 0, 1, ...;
// `scale` turns them into customers. InvalidArgument "survivors[i]" NOT_FINITE, NEGATIVE,
// INCREASED; "survivors" TOO_SHORT (fewer than two); "scale" NOT_POSITIVE.
absl::StatusOr<std::vector<RetentionRow>> RowsFromSurvivors(std::span<const double> survivors,
                                                            double scale = 1);

struct RetentionFitOptions {
  RetentionKind kind = RetentionKind::kShiftedBetaGeometric;
  std::optional<RetentionParameters> warm_start = std::nullopt;  // Last night's.
};

struct RetentionFit {
  RetentionKind kind = RetentionKind::kShiftedBetaGeometric;
  RetentionModel model;
  FitSummary summary;  // alpha, beta and, for bdw, c.
  // Covariance of the log parameters, row-major; empty when the Hessian is singular.
  std::vector<double> covariance;
  uint32_t observed_periods = 0;  // The last renewal that anybody in the data met.
};

// InvalidArgument "rows[i].weight" NOT_FINITE or NEGATIVE, "rows[i].periods" OUT_OF_RANGE
// (churned at 0, or beyond 1,000,000); "warm_start.<parameter>". FailedPrecondition
// NOT_ENOUGH_DATA when nobody left or nobody stayed.
absl::StatusOr<RetentionFit> FitRetention(std::span<const RetentionRow> rows,
                                          const RetentionFitOptions& options = {});

// A prediction of the fit with its two-sided interval. nullopt when the fit has no
// standard errors or the answer is infinite.
// Chances (in (0, 1)): symmetric in log(-log p), so they stay inside.
std::optional<math::Interval> ChanceInterval(
    const RetentionFit& fit, double confidence,
    absl::FunctionRef<double(const RetentionModel&)> answer);
// Positive amounts: symmetric in the logarithm.
std::optional<math::Interval> AmountInterval(
    const RetentionFit& fit, double confidence,
    absl::FunctionRef<std::optional<double>(const RetentionModel&)> answer);
// d answer / d log parameter, one each, for sums over many predictions of one fit; empty
// when the answer is infinite nearby.
std::vector<double> ParameterSlopesOf(
    const RetentionFit& fit,
    absl::FunctionRef<std::optional<double>(const RetentionModel&)> answer);
// slopes' covariance slopes; nullopt when the fit has no covariance.
std::optional<double> ParameterVariance(const RetentionFit& fit, std::span<const double> slopes);
// Survival(periods), the projected curve.
std::optional<math::Interval> SurvivalInterval(const RetentionFit& fit, double periods,
                                               double confidence);
// Derl(survived, rate_per_period).
std::optional<math::Interval> DerlInterval(const RetentionFit& fit, double survived,
                                           double rate_per_period, double confidence);

struct RetentionCohort {
  std::string name;
  std::vector<RetentionRow> rows;
  std::optional<RetentionParameters> warm_start = std::nullopt;
};

// Likelihood ratio: do cohorts have parameters of their own?
struct CohortTest {
  double log_likelihood_pooled = 0;
  double log_likelihood_apart = 0;
  double statistic = 0;  // 2 (apart - pooled), chi-square if all cohorts are alike.
  int degrees = 0;
  double p_value = 1;
  size_t cohorts = 0;  // Those with a fit of their own; the others are left out.
};

struct CohortFits {
  std::vector<std::string> names;
  std::vector<absl::StatusOr<RetentionFit>> apart;  // A young cohort may fail alone.
  RetentionFit pooled;                              // All rows.
  std::optional<CohortTest> test;                   // From two converged fits on.

  // What to answer with for cohort i: its own fit if usable, else the pooled one.
  const RetentionFit& Best(size_t i) const {
    return apart[i].ok() && apart[i]->summary.usable() ? *apart[i] : pooled;
  }
};

// Errors of the pooled fit, rows being "cohorts[i].rows[j]". options.warm_start is the
// pooled fit's.
absl::StatusOr<CohortFits> FitCohorts(std::span<const RetentionCohort> cohorts,
                                      const RetentionFitOptions& options = {});

}  // namespace rapport::value

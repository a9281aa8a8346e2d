// SPDX-License-Identifier: Apache-2.0
// Does the chosen model describe what happened, and foretell what it has not seen?
#include <cmath>
#include <optional>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/facts/fit_rows.h"
#include "lib/facts/wire.h"
#include "lib/value/fit_report.h"
#include "lib/value/holdout.h"

namespace rapport::facts {
namespace {

constexpr int kWeek = 7;

void FillHoldout(const FitInput& input, int days, const value::HoldoutReport& report,
                 const value::NaiveForecasts& naive, v1::Holdout& out) {
  out.set_start_date(FormatDate(input.holdout_start + 1));
  out.set_days(days);
  out.set_mae(report.mean_absolute_error);
  out.set_rmse(report.root_mean_squared_error);
  out.set_bias(report.bias);
  out.set_msle(report.mean_squared_log_error);
  out.set_total_error(report.total_percentage_error.value_or(0));
  out.set_actual_total(std::llround(report.total_actual));
  out.set_expected_total(report.total_expected);
  out.set_naive_mae(naive.past_rate.mean_absolute_error);
  out.set_mean_mae(naive.population_mean.mean_absolute_error);
}

absl::Status DescribeHoldout(const FitInput& input, const FitRows& rows,
                             const value::ModelParameters& parameters, v1::ValueModel& stored) {
  const value::ChoiceHoldout& given = *rows.options.holdout;
  value::HoldoutInput holdout;
  holdout.calibration = input.calibration;
  holdout.actual = given.actual;
  holdout.horizon_days = given.horizon_days;
  holdout.covariates = rows.calibration_options().covariates;
  ASSIGN_OR_RETURN(const value::HoldoutSample sample, value::FoldHoldout(holdout));
  ASSIGN_OR_RETURN(const std::vector<double> expected, value::ExpectedOf(parameters, sample));
  FillHoldout(input, rows.holdout_days, value::JudgeHoldout(sample, expected),
              value::JudgeNaive(sample), *stored.mutable_holdout());
  for (const value::ConditionalRow& row : value::ConditionalExpectations(sample, expected)) {
    v1::ConditionalExpectation& out = *stored.add_conditional_expectations();
    out.set_repeat_purchases(static_cast<int32_t>(row.frequency));
    out.set_customer_count(std::llround(row.customers));
    out.set_actual(row.actual);
    out.set_expected(row.expected);
  }
  return absl::OkStatus();
}

absl::Status DescribeFrequencies(const FitInput& input, const FitRows& rows,
                                 const value::ModelParameters& parameters, v1::ValueModel& stored) {
  value::PurchaseFitOptions options = rows.calibration_options();
  options.covariates.pattern_of_row = rows.rows.pattern_of_row;
  ASSIGN_OR_RETURN(const value::FoldedPurchases folded,
                   value::FoldForFit(input.histories, options));
  ASSIGN_OR_RETURN(const auto lines, value::FrequencyTable(parameters, folded));
  for (const value::FrequencyLine& line : lines) {
    v1::FrequencyRow& out = *stored.add_frequency_table();
    out.set_repeat_purchases(static_cast<int32_t>(line.purchases));
    out.set_actual(std::llround(line.actual));
    out.set_expected(line.expected);
  }
  return absl::OkStatus();
}

value::TrackingCounts CountsOf(const FitInput& input, const FitRows& rows, CivilDays first_day) {
  const auto& patterns = rows.options.patterns;
  value::TrackingCounts counts(patterns.empty() ? std::vector<std::vector<double>>{{}} : patterns);
  if (patterns.empty()) {
    for (const auto& [day, customers] : input.purchases_by_day.first) {
      counts.AddFirstPurchases(day - first_day, static_cast<double>(customers));
    }
  }
  for (size_t row = 0; !patterns.empty() && row < input.histories.size(); ++row) {
    const auto age = static_cast<CivilDays>(std::lround(input.histories[row].age_days));
    counts.AddFirstPurchases(input.as_of_day - age - first_day, 1, rows.PatternOf(row));
  }
  for (const auto& [day, repeats] : input.purchases_by_day.repeat) {
    counts.AddRepeatPurchases(day - first_day, static_cast<double>(repeats));
  }
  return counts;
}

absl::Status DescribeTracking(const FitInput& input, const FitRows& rows,
                              const value::ModelParameters& parameters, v1::ValueModel& stored) {
  if (input.purchases_by_day.first.empty()) return absl::OkStatus();
  const CivilDays first_day =
      std::min(input.as_of_day, input.purchases_by_day.first.begin()->first);
  value::TrackingOptions options;
  options.days = input.as_of_day - first_day + 1;
  options.calibration_days =
      rows.has_holdout() ? input.holdout_start - first_day + 1 : options.days;
  options.period_days = kWeek;
  ASSIGN_OR_RETURN(const value::Tracking tracking,
                   value::TrackPurchases(parameters, CountsOf(input, rows, first_day), options));
  v1::Tracking& out = *stored.mutable_tracking();
  out.set_start_date(FormatDate(first_day));
  out.set_step_days(kWeek);
  if (rows.has_holdout()) out.set_holdout_start_date(FormatDate(input.holdout_start + 1));
  for (const value::TrackingPoint& point : tracking.points) {
    v1::TrackingPoint& to = *out.add_points();
    to.set_actual(std::llround(point.actual));
    to.set_expected(point.expected);
    to.set_cumulative_actual(std::llround(point.cumulative_actual));
    to.set_cumulative_expected(point.cumulative_expected);
  }
  out.set_holdout_cumulative_mape(tracking.holdout.cumulative_mape);
  return absl::OkStatus();
}

void NoteUnless(const absl::Status& status, const char* what, v1::ValueModel& stored) {
  if (!status.ok()) stored.add_notes(Cat("No ", what, ": ", std::string(status.message())));
}

}  // namespace

void DescribeForecasts(const FitInput& input, const FitRows& rows,
                       const value::ModelCandidate& chosen, v1::ValueModel& stored) {
  const auto& calibration = chosen.calibration;
  const value::ModelParameters& fitted = chosen.fit.parameters;
  const value::ModelParameters& seen = calibration ? *calibration : fitted;
  NoteUnless(DescribeFrequencies(input, rows, fitted, stored), "frequency table", stored);
  NoteUnless(DescribeTracking(input, rows, seen, stored), "tracking", stored);
  if (calibration) {
    NoteUnless(DescribeHoldout(input, rows, seen, stored), "holdout check", stored);
  } else {
    stored.add_notes(rows.has_holdout() ? "No holdout check: the earlier part alone gives no model."
                                        : "No holdout check: the history is too short.");
  }
}

void PurchasesByDay::Add(const Fold& fold, CivilDays until) {
  bool is_first = true;
  ForEachDay(fold.order_days(), until, [&](int, CivilDays day) {
    if (is_first) {
      ++first[day];
    } else {
      ++repeat[day];
    }
    is_first = false;
  });
}

void PurchasesByDay::Merge(const PurchasesByDay& other) {
  for (const auto& [day, customers] : other.first) first[day] += customers;
  for (const auto& [day, count] : other.repeat) repeat[day] += count;
}

}  // namespace rapport::facts

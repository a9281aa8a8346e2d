// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/value/fit_report.h"

namespace rapport::value {
namespace {

void AddAt(int32_t day, double value, std::vector<double>& by_day) {
  const auto index = static_cast<size_t>(day);
  if (by_day.size() <= index) by_day.resize(index + 1, 0.0);
  by_day[index] += value;
}

void AddAll(const std::vector<double>& from, std::vector<double>& to) {
  if (to.size() < from.size()) to.resize(from.size(), 0.0);
  for (size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

// Purchases expected on each day from customers of one model.
void AddExpected(const PurchaseModel& model, std::span<const double> acquired,
                 std::vector<double>& expected) {
  const size_t days = expected.size();
  // Of one customer, on the day of age 1, 2, ...
  std::vector<double> by_age(days, 0.0);
  double before = 0;
  for (size_t age = 1; age < days; ++age) {
    const double now = model.ExpectedFromStart(static_cast<double>(age));
    by_age[age] = now - before;
    before = now;
  }
  for (size_t first = 0; first < std::min(days, acquired.size()); ++first) {
    if (acquired[first] == 0) continue;
    for (size_t day = first + 1; day < days; ++day) {
      expected[day] += acquired[first] * by_age[day - first];
    }
  }
}

TrackingErrors ErrorsOf(std::span<const TrackingPoint> points, bool holdout) {
  TrackingErrors errors;
  double periods = 0, curves = 0;
  for (const TrackingPoint& point : points) {
    if (point.holdout != holdout) continue;
    errors.total_actual += point.actual;
    errors.total_expected += point.expected;
    if (point.actual > 0) {
      errors.period_mape += std::fabs(point.expected - point.actual) / point.actual;
      ++periods;
    }
    if (point.cumulative_actual > 0) {
      errors.cumulative_mape +=
          std::fabs(point.cumulative_expected - point.cumulative_actual) / point.cumulative_actual;
      ++curves;
    }
  }
  if (periods > 0) errors.period_mape /= periods;
  if (curves > 0) errors.cumulative_mape /= curves;
  return errors;
}

absl::Status Validate(const TrackingOptions& options) {
  if (options.days <= 0) return InvalidField("days", "NOT_POSITIVE", "must be > 0");
  if (options.period_days <= 0) return InvalidField("period_days", "NOT_POSITIVE", "must be > 0");
  if (options.calibration_days >= 0 && options.calibration_days <= options.days) {
    return absl::OkStatus();
  }
  return InvalidField("calibration_days", "OUT_OF_RANGE", "must lie within the days tracked");
}

// Periods never straddle the end of calibration.
std::vector<int32_t> PeriodEnds(const TrackingOptions& options) {
  std::vector<int32_t> ends;
  const std::pair<int32_t, int32_t> parts[] = {{0, options.calibration_days},
                                               {options.calibration_days, options.days}};
  for (const auto& [begin, end] : parts) {
    for (int32_t day = begin; day < end; day += options.period_days) {
      ends.push_back(std::min(end, day + options.period_days));
    }
  }
  return ends;
}

}  // namespace

TrackingCounts::TrackingCounts(std::vector<std::vector<double>> patterns)
    : patterns_(std::move(patterns)), acquired_(patterns_.size()) {}

void TrackingCounts::AddCustomer(int32_t first_day, std::span<const int32_t> repeat_days,
                                 size_t pattern, double weight) {
  AddFirstPurchases(first_day, weight, pattern);
  for (int32_t day : repeat_days) AddRepeatPurchases(day, weight);
}

void TrackingCounts::AddFirstPurchases(int32_t day, double customers, size_t pattern) {
  AddAt(day, customers, acquired_[pattern]);
}

void TrackingCounts::AddRepeatPurchases(int32_t day, double purchases) {
  AddAt(day, purchases, repeats_);
}

void TrackingCounts::Merge(const TrackingCounts& other) {
  for (size_t p = 0; p < acquired_.size(); ++p) AddAll(other.acquired_[p], acquired_[p]);
  AddAll(other.repeats_, repeats_);
}

absl::StatusOr<Tracking> TrackPurchases(const ModelParameters& parameters,
                                        const TrackingCounts& counts,
                                        const TrackingOptions& options) {
  RETURN_IF_ERROR(Validate(options));
  std::vector<double> expected(static_cast<size_t>(options.days), 0.0);
  for (size_t p = 0; p < counts.patterns().size(); ++p) {
    std::span<const double> covariates = counts.patterns()[p];
    if (parameters.covariates() == 0) covariates = {};
    ASSIGN_OR_RETURN(const ModelParameters own, ApplyCovariates(parameters, covariates));
    ASSIGN_OR_RETURN(const std::unique_ptr<PurchaseModel> model, MakePurchaseModel(own));
    AddExpected(*model, counts.acquired(p), expected);
  }
  Tracking tracking;
  TrackingPoint point;
  size_t day = 0;
  for (int32_t end : PeriodEnds(options)) {
    point.end_day = end;
    point.actual = point.expected = 0;
    for (; day < static_cast<size_t>(end); ++day) {
      point.expected += expected[day];
      if (day < counts.repeats().size()) point.actual += counts.repeats()[day];
    }
    point.cumulative_actual += point.actual;
    point.cumulative_expected += point.expected;
    point.holdout = end > options.calibration_days;
    tracking.points.push_back(point);
  }
  tracking.calibration = ErrorsOf(tracking.points, false);
  tracking.holdout = ErrorsOf(tracking.points, true);
  return tracking;
}

}  // namespace rapport::value

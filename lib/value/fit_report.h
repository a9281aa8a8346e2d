// SPDX-License-Identifier: Apache-2.0
// Does the fitted model describe what happened? Tables for the nightly report.
//
// FrequencyTable: how many customers bought 0, 1, 2, ... times, actual against expected.
// TrackPurchases: repeat purchases week by week and added up, through calibration and
// holdout. It needs counts per day only (TrackingCounts), so millions of customers cost as
// much as their days. Drift: parameters against earlier nights, in standard errors.
// Conditional expectations and holdout errors are in lib/value/holdout.h.
//
// Models are for a customer just acquired, T = 0. Parameters may have covariate effects;
// tables and counts then come per pattern. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/value/fit_summary.h"
#include "lib/value/purchase_fit.h"
#include "lib/value/purchase_model.h"

namespace rapport::value {

struct FrequencyLine {
  uint32_t purchases = 0;  // Repeat purchases; the last line counts this and more.
  double actual = 0;       // Customers.
  double expected = 0;
};

// Lines 0 .. most. Cost: counts at each distinct age; above 512 distinct ages in a pattern
// they are taken at the means of 512 equal bins.
absl::StatusOr<std::vector<FrequencyLine>> FrequencyTable(const ModelParameters& parameters,
                                                          const FoldedPurchases& rows,
                                                          uint32_t most = 7);

// Day 0 is the first day on which a customer was acquired. A purchase on day d of a
// customer acquired on day a has age d - a.
class TrackingCounts {
 public:
  // `patterns` covariate vectors; a model without covariates needs one, empty.
  explicit TrackingCounts(std::vector<std::vector<double>> patterns = {{}});

  // first_day >= 0, repeat_days > first_day, in any order; pattern < patterns.
  void AddCustomer(int32_t first_day, std::span<const int32_t> repeat_days, size_t pattern = 0,
                   double weight = 1);
  // The same from counts already added up, e.g. by a query.
  void AddFirstPurchases(int32_t day, double customers, size_t pattern = 0);
  void AddRepeatPurchases(int32_t day, double purchases);
  // Counts over the same patterns; exact and in any order while weights are whole.
  void Merge(const TrackingCounts& other);

  const std::vector<std::vector<double>>& patterns() const { return patterns_; }
  // Customers acquired by day, of one pattern.
  std::span<const double> acquired(size_t pattern) const { return acquired_[pattern]; }
  std::span<const double> repeats() const { return repeats_; }  // Purchases by day.

 private:
  std::vector<std::vector<double>> patterns_;
  std::vector<std::vector<double>> acquired_;
  std::vector<double> repeats_;
};

struct TrackingOptions {
  int32_t days = 0;              // Days tracked, from day 0: calibration and holdout.
  int32_t calibration_days = 0;  // The holdout begins on this day; == days: none.
  int32_t period_days = 7;
};

struct TrackingPoint {
  int32_t end_day = 0;  // The period is the period_days before this day (fewer at the end).
  double actual = 0;    // Repeat purchases of the period.
  double expected = 0;
  double cumulative_actual = 0;
  double cumulative_expected = 0;
  bool holdout = false;  // Ends after calibration.
};

// Errors of one part of the curve. MAPE is the mean of |expected - actual| / actual over the
// periods with purchases; 0 without such.
struct TrackingErrors {
  double total_actual = 0;  // Purchases of this part alone.
  double total_expected = 0;
  double period_mape = 0;      // Of periods' purchases.
  double cumulative_mape = 0;  // Of the curve since day 0.
};

struct Tracking {
  std::vector<TrackingPoint> points;
  TrackingErrors calibration, holdout;
};

// expected(d) = sum over days a of acquired(a) (E(d - a) - E(d - a - 1)), E(t) being
// ExpectedFromStart. Customers acquired in the holdout count from their own first day.
// InvalidArgument NOT_POSITIVE "days" or "period_days", OUT_OF_RANGE "calibration_days".
// Cost: `days` expectations a pattern and days^2 / 2 products.
absl::StatusOr<Tracking> TrackPurchases(const ModelParameters& parameters,
                                        const TrackingCounts& counts,
                                        const TrackingOptions& options);

// An earlier fit, and one line of how tonight's compares with it.
struct EarlierFit {
  std::string night;  // As it is to be shown, e.g. a date.
  ModelParameters parameters;
};
struct DriftLine {
  std::string night;
  std::string parameter;
  double earlier = 0;  // In tonight's time unit.
  double now = 0;
  // ln(now / earlier) over its standard error of tonight; 0 when there is none.
  double change_in_errors = 0;
  bool large = false;  // More than 2 standard errors: more than one night's chance.
};
struct Drift {
  std::vector<DriftLine> lines;         // Nights in the order given.
  std::vector<std::string> other_kind;  // Nights with another model: not compared.
};
Drift DriftSince(const PurchaseFit& now, std::span<const EarlierFit> earlier);

}  // namespace rapport::value

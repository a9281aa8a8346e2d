// SPDX-License-Identifier: Apache-2.0
// The fit's input in the form lib/value takes: covariates and groups by channel of the
// first order, the holdout, the models asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/facts/reports.h"
#include "lib/value/model_choice.h"

namespace rapport::facts {

// Points into the input, which must outlive it.
struct FitRows {
  FitRows(const Settings& settings, const FitInput& input);
  FitRows(const FitRows&) = delete;

  value::ChoiceRows rows;
  value::ChoiceOptions options;
  std::vector<int> groups;               // v1.Channel by group; empty: one model for all.
  std::vector<int64_t> group_customers;  // As `groups`.
  int64_t repeaters = 0;
  // Fits of one kind over the same covariates.
  value::PurchaseFitOptions calibration_options() const;
  // Index into options.patterns; 0 without covariates.
  size_t PatternOf(int channel) const;
  bool has_holdout() const { return options.holdout.has_value(); }
  int holdout_days = 0;

 private:
  void SetCovariates(const FitInput& input);
  void SetGroups(const FitInput& input);
  void SetHoldout(const FitInput& input);

  std::vector<int> covariate_channels_;  // Of patterns 0, 1, ...; ascending.
  std::vector<uint32_t> patterns_, calibration_patterns_;
  std::vector<uint32_t> groups_of_, calibration_groups_of_;
  std::vector<double> actual_;
};

// Holdout against naive forecasts, conditional expectations, frequency table and
// tracking, under the chosen model.
void DescribeForecasts(const Settings& settings, const FitInput& input, const FitRows& rows,
                       const value::PurchaseFit& fit, v1::ValueModel& stored);

}  // namespace rapport::facts

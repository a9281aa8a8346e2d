// SPDX-License-Identifier: Apache-2.0
// The fit's input in the form lib/value takes: covariates and groups by channel of the
// first order or by attributes, the holdout, the models asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/facts/covariate_choice.h"
#include "lib/facts/reports.h"
#include "lib/value/model_choice.h"

namespace rapport::facts {

// Points into the input, which must outlive it.
struct FitRows {
  FitRows(const Settings& settings, const FitInput& input);
  FitRows(const FitRows&) = delete;

  value::ChoiceRows rows;
  value::ChoiceOptions options;
  std::vector<v1::Covariate> covariates;  // In the order of options.covariate_names.
  std::string grouped_by;                 // As in v1.ValueModel.
  Grouping grouping;                      // No names: one model for all.
  std::vector<std::string> notes;
  int64_t repeaters = 0;
  // Fits of one kind over the same covariates.
  value::PurchaseFitOptions calibration_options() const;
  // Index into options.patterns of one of the histories; 0 without covariates.
  size_t PatternOf(size_t row) const { return patterns_.empty() ? 0 : patterns_[row]; }
  bool has_holdout() const { return options.holdout.has_value(); }
  int holdout_days = 0;

 private:
  void SetCovariates(const Settings& settings, const FitInput& input);
  bool AddCovariates(const FitInput& input, std::vector<v1::Covariate> columns);
  void SetGroups(const Settings& settings, const FitInput& input);
  void SetHoldout(const FitInput& input);

  std::vector<uint32_t> patterns_, calibration_patterns_;
  std::vector<uint32_t> calibration_groups_of_;
  std::vector<double> actual_;
};

// Holdout against naive forecasts, conditional expectations, frequency table and
// tracking, under the chosen model.
void DescribeForecasts(const FitInput& input, const FitRows& rows,
                       const value::ModelCandidate& chosen, v1::ValueModel& stored);

}  // namespace rapport::facts

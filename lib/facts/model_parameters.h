// SPDX-License-Identifier: Apache-2.0
// The value model between its stored report (v1.ValueModel) and the numbers that score.
#pragma once

#include <optional>

#include "lib/facts/facts.h"
#include "lib/value/value_model.h"

namespace rapport::facts {

inline constexpr char kBgNbdModel[] = "bg_nbd";
inline constexpr char kGammaGammaModel[] = "gamma_gamma";
inline constexpr char kMeanModel[] = "mean";

// The parameters in use; nullopt when the workspace has no model.
std::optional<value::ValueParameters> ParametersOf(const WorkspaceModel& model);

// Writes a fit's figures: parameters, likelihoods, correlation, frequency table.
void DescribeFit(const value::ValueFit& fit, WorkspaceModel& model);

}  // namespace rapport::facts

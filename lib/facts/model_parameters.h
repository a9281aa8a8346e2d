// SPDX-License-Identifier: Apache-2.0
// The value models between their stored report (v1.ValueModel) and the numbers that score.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/facts/facts.h"
#include "lib/value/clv_scorer.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/purchase_fit.h"
#include "rapport/v1/value_service.pb.h"

namespace rapport::facts {

inline constexpr char kGammaGammaModel[] = "gamma_gamma";
inline constexpr char kMeanModel[] = "mean";
inline constexpr char kChannelPrefix[] = "channel:";  // Of covariates' names.

// All models of a workspace in the form that scores.
struct StoredModels {
  value::FittedModels all;
  // What each covariate of `all` stands for: 1 for customers of that channel, else 0.
  std::vector<int> covariate_channels;
  std::map<int, value::FittedModels> by_channel;  // v1.Channel: a model of its own.

  std::vector<double> CovariatesOf(int channel) const;
};
// nullopt when the workspace has no purchase model, or one that is not valid.
std::optional<StoredModels> ModelsOf(const WorkspaceModel& model);

// Parameters by name as the model's kind lists them; InvalidArgument "model.model",
// "model.parameters[name]".
absl::StatusOr<value::ModelParameters> ParametersOf(const v1::PurchaseModelInput& input);

// "Email" -> `EMAIL`: the channel's number as reports name it.
std::string ChannelName(int channel);

// Writes a purchase fit: parameters, effects, likelihood, covariance.
void DescribePurchases(const value::PurchaseFit& fit, v1::ValueModel& out);
// The parameters, `names` being of the base parameters, with their errors.
void DescribeParameters(const value::FitSummary& summary, size_t count,
                        google::protobuf::RepeatedPtrField<v1::Parameter>& out);

}  // namespace rapport::facts

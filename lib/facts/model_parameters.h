// SPDX-License-Identifier: Apache-2.0
// The value models between their stored report (v1.ValueModel) and the numbers that score.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/facts/covariates.h"
#include "lib/facts/facts.h"
#include "lib/value/clv_scorer.h"
#include "lib/value/gamma_gamma.h"
#include "lib/value/purchase_fit.h"
#include "rapport/v1/value_service.pb.h"

namespace rapport::facts {

inline constexpr char kGammaGammaModel[] = "gamma_gamma";
inline constexpr char kMeanModel[] = "mean";
inline constexpr char kChannelPrefix[] = "channel:";  // Of covariates' names.
inline constexpr char kChannelGroups[] = "channel";   // ValueModel.grouped_by.
inline constexpr char kOtherGroup[] = "(other)";      // Rare values and none.

// All models of a workspace in the form that scores, and the rule which of them applies to
// a customer: its group's own, else all customers' model with the customer's covariates.
struct StoredModels {
  value::FittedModels all;
  std::vector<CovariateColumn> covariates;  // Of `all`.
  std::string grouped_by;                   // kChannelGroups, an attribute's key, or empty.
  std::set<std::string, std::less<>> groups;
  std::map<std::string, value::FittedModels, std::less<>> by_segment;  // Models of their own.

  ModelUse UseOf(int channel, const Attributes& attributes) const;
  // As a night scored the customer.
  ModelUse UseOf(const v1::CustomerFacts& facts) const;
  const value::FittedModels& Of(std::string_view segment) const;
  // Purchase parameters with the covariates applied.
  absl::StatusOr<value::ModelParameters> PurchasesOf(const ModelUse& use) const;
  // The group a customer belongs to, whether it has a model of its own or not.
  std::string GroupOf(int channel, const Attributes& attributes) const;
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

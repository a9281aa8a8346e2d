// SPDX-License-Identifier: Apache-2.0
// P(at least one purchase) within a fixed horizon under one stored model: what churn is
// read from. No curves are drawn, so that a model costs nothing before it is asked.
//
// Not thread-safe: keeps the model of each covariate vector, at most kMostPatterns.
// Answers do not depend on what was asked before.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/value/purchase_model.h"

namespace rapport::facts {

class PurchaseChance {
 public:
  // `parameters` are valid (value::ValidateParameters).
  PurchaseChance(value::ModelParameters parameters, double horizon_days)
      : parameters_(std::move(parameters)), horizon_days_(horizon_days) {}

  // InvalidArgument from ValidateHistory or ApplyCovariates.
  absl::StatusOr<double> Of(const value::PurchaseHistory& history,
                            std::span<const double> covariates);

 private:
  static constexpr size_t kMostPatterns = 256;
  absl::StatusOr<const value::PurchaseModel*> ModelFor(std::span<const double> covariates);

  value::ModelParameters parameters_;
  double horizon_days_;
  absl::flat_hash_map<std::vector<double>, std::unique_ptr<value::PurchaseModel>> models_;
  // The model asked last: most customers share one.
  std::vector<double> last_covariates_;
  const value::PurchaseModel* last_ = nullptr;
};

}  // namespace rapport::facts

// SPDX-License-Identifier: Apache-2.0
#include "lib/facts/model_bootstrap.h"

#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::facts {
namespace {

constexpr int kFewestReplicates = 20;
constexpr int kMostReplicates = 2000;
constexpr int kUsualReplicates = 200;
constexpr double kUsualLevel = 0.95;

absl::Status Validate(const v1::BootstrapValueModelRequest& request) {
  const int replicates = request.replicates();
  if (replicates != 0 && (replicates < kFewestReplicates || replicates > kMostReplicates)) {
    return InvalidField("replicates", "OUT_OF_RANGE", "must be from 20 to 2000, or 0");
  }
  const double level = request.level();
  if (level != 0 && !(level >= 0.5 && level <= 0.999)) {
    return InvalidField("level", "OUT_OF_RANGE", "must be from 0.5 to 0.999, or 0");
  }
  return absl::OkStatus();
}

}  // namespace

ModelBootstrap::ModelBootstrap(StoredModels models, const v1::BootstrapValueModelRequest& request)
    : models_(std::move(models)),
      parameters_(models_.Of(request.segment()).purchases),
      segment_(request.segment()) {
  const int replicates = request.replicates() == 0 ? kUsualReplicates : request.replicates();
  options_.replicates = static_cast<uint32_t>(replicates);
  options_.seed = request.seed();
  options_.confidence = request.level() == 0 ? kUsualLevel : request.level();
}

absl::StatusOr<ModelBootstrap> ModelBootstrap::Create(
    const WorkspaceModel* model, const v1::BootstrapValueModelRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  std::optional<StoredModels> models;
  if (model != nullptr) models = ModelsOf(*model);
  if (!models) return FailedPrecondition("NO_VALUE_MODEL", "no value model is fitted yet");
  if (!request.segment().empty() && !models->by_segment.contains(request.segment())) {
    return InvalidField("segment", "UNKNOWN_SEGMENT", "is no group with a model of its own");
  }
  const bool looks_further = !models->covariates.empty() || models->all.purchases.regularity > 1;
  if (request.segment().empty() && !models->by_segment.empty() && looks_further) {
    return FailedPrecondition("MIXED_ROWS",
                              "customers of groups with a model of their own do not tell what all "
                              "customers' model looks at: ask for a segment");
  }
  return ModelBootstrap(*std::move(models), request);
}

absl::Status ModelBootstrap::Add(const v1::CustomerFacts& facts) {
  if (!facts.has_rfm() || !facts.has_value()) return absl::OkStatus();  // No order.
  const v1::CustomerValue& value = facts.value();
  const ModelUse use = models_.UseOf(facts);
  if (!segment_.empty() && use.segment != segment_) return absl::OkStatus();
  const auto next = static_cast<uint32_t>(patterns_.size());
  const std::vector<double> none;
  const uint32_t pattern =
      patterns_.try_emplace(segment_.empty() ? use.covariates : none, next).first->second;
  const Row row{static_cast<uint32_t>(value.repeat_purchases()), value.recency_days(),
                value.age_days(), value.sum_log_gap_days(), pattern};
  ++rows_[row];
  ++customers_;
  if (rows_.size() <= kMostDistinctRows) return absl::OkStatus();
  return ResourceExhausted("TOO_MANY_ROWS",
                           Cat("customers have more than ", kMostDistinctRows,
                               " distinct histories: trust the errors of GetValueModel"));
}

absl::StatusOr<value::FoldedPurchases> ModelBootstrap::Fold() const {
  std::vector<value::PurchaseHistory> histories;
  std::vector<double> weights;
  std::vector<uint32_t> pattern_of_row;
  value::PurchaseFitOptions options;
  for (const auto& [row, customers] : rows_) {
    value::PurchaseHistory& history = histories.emplace_back();
    uint32_t pattern = 0;
    std::tie(history.frequency, history.recency_days, history.age_days, history.sum_log_gap_days,
             pattern) = row;
    pattern_of_row.push_back(pattern);
    weights.push_back(static_cast<double>(customers));
  }
  options.time_unit_days = parameters_.time_unit_days;
  options.weights = weights;
  if (segment_.empty() && !models_.covariates.empty()) {
    options.covariates.patterns.resize(patterns_.size());
    for (const auto& [covariates, number] : patterns_) {
      options.covariates.patterns[number] = covariates;
    }
    options.covariates.pattern_of_row = pattern_of_row;
    for (const CovariateColumn& column : models_.covariates) {
      options.covariates.names.push_back(column.column().name());
    }
  }
  return value::FoldForFit(histories, options);
}

absl::StatusOr<v1::BootstrapValueModelResponse> ModelBootstrap::Finish() const {
  ASSIGN_OR_RETURN(const value::FoldedPurchases folded, Fold());
  value::PurchaseFitOptions fit_options;
  fit_options.regularity = parameters_.regularity;
  ASSIGN_OR_RETURN(const value::PurchaseFit fit,
                   value::FitPurchases(parameters_.kind, folded, fit_options));
  if (!fit.summary.converged) {
    return FailedPrecondition("NOT_CONVERGED", fit.summary.Explanation());
  }
  value::BootstrapOptions options = options_;
  options.alive = alive_;
  ASSIGN_OR_RETURN(const value::Bootstrap bootstrap, value::BootstrapFit(folded, fit, options));
  v1::BootstrapValueModelResponse response;
  response.set_purchase_model(std::string(value::TraitsOf(parameters_.kind).name));
  response.set_regularity(static_cast<int32_t>(parameters_.regularity));
  response.set_replicates(static_cast<int32_t>(bootstrap.draws.size()));
  response.set_left_out(static_cast<int32_t>(bootstrap.left_out));
  response.set_customer_count(customers_);
  response.set_distinct_count(static_cast<int64_t>(folded.distinct_rows));
  for (size_t i = 0; i < bootstrap.intervals.size(); ++i) {
    const value::BootstrapInterval& interval = bootstrap.intervals[i];
    v1::BootstrapParameter& out = *response.add_parameters();
    out.set_name(interval.name);
    out.set_value(interval.estimate);
    out.set_bootstrap_error(interval.standard_error);
    out.set_hessian_error(fit.summary.parameters[i].standard_error);
    out.mutable_interval()->set_low(interval.low);
    out.mutable_interval()->set_high(interval.high);
    out.mutable_interval()->set_level(options.confidence);
    out.mutable_interval()->set_method("percentiles of the Poisson bootstrap");
  }
  return response;
}

}  // namespace rapport::facts

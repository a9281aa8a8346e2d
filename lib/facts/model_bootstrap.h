// SPDX-License-Identifier: Apache-2.0
// Bootstrap of one of the workspace's purchase models over the rows of facts that a night
// has left: the model is fitted to them as the night did, then again to customers drawn
// anew (lib/value/bootstrap.h).
//
// Rows hold x, t_x, T, covariates and, for regular models, the sum of log gaps, so nothing
// else is read. Not thread-safe. Memory: about 150 bytes a distinct row, at most
// kMostDistinctRows. Cost: replicates x (0.05 us + 8 passes) a distinct row.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "lib/facts/model_parameters.h"
#include "lib/value/bootstrap.h"
#include "rapport/v1/value_service.pb.h"

namespace rapport::facts {

class ModelBootstrap {
 public:
  static constexpr size_t kMostDistinctRows = 1'000'000;

  // `model` may be null. OUT_OF_RANGE "replicates", "level"; UNKNOWN_SEGMENT "segment";
  // FailedPrecondition NO_VALUE_MODEL, or MIXED_ROWS when all customers' model cannot be
  // fitted from rows because groups have models of their own that look at less.
  static absl::StatusOr<ModelBootstrap> Create(const WorkspaceModel* model,
                                               const v1::BootstrapValueModelRequest& request);

  // A customer that the model is not fitted on adds nothing. ResourceExhausted
  // TOO_MANY_ROWS.
  absl::Status Add(const v1::CustomerFacts& facts);
  // Asked before each replicate; an error of it ends Finish.
  void set_alive(std::function<absl::Status()> alive) { alive_ = std::move(alive); }
  // Everything but the context. Errors of value::FitPurchases and value::BootstrapFit.
  absl::StatusOr<v1::BootstrapValueModelResponse> Finish() const;

 private:
  using Row = std::tuple<uint32_t, double, double, double, uint32_t>;  // x, t_x, T, gaps, pattern.

  ModelBootstrap(StoredModels models, const v1::BootstrapValueModelRequest& request);
  absl::StatusOr<value::FoldedPurchases> Fold() const;

  StoredModels models_;
  value::ModelParameters parameters_;  // Of the model meant: kind, k, unit.
  std::string segment_;
  value::BootstrapOptions options_;
  std::function<absl::Status()> alive_;
  std::map<std::vector<double>, uint32_t> patterns_;  // Numbered as they come.
  absl::flat_hash_map<Row, int64_t> rows_;            // Customers.
  int64_t customers_ = 0;
};

}  // namespace rapport::facts

// SPDX-License-Identifier: Apache-2.0
#include "lib/value/purchase_fit_fold.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::value {
namespace {

absl::Status ValidatePatterns(const CovariatePatterns& covariates, size_t rows) {
  const size_t width = covariates.patterns.front().size();
  for (size_t i = 0; i < covariates.patterns.size(); ++i) {
    const std::string field = Cat("covariates.patterns[", i, "]");
    if (covariates.patterns[i].size() != width || width == 0) {
      return InvalidField(field, "LENGTH_MISMATCH", "all patterns must be equally long");
    }
    for (double z : covariates.patterns[i]) {
      if (!std::isfinite(z)) return InvalidField(field, "NOT_FINITE", "must be numbers");
    }
  }
  if (covariates.pattern_of_row.size() != rows) {
    return InvalidField("covariates.pattern_of_row", "LENGTH_MISMATCH", "must be one per row");
  }
  for (uint32_t pattern : covariates.pattern_of_row) {
    if (pattern < covariates.patterns.size()) continue;
    return InvalidField("covariates.pattern_of_row", "OUT_OF_RANGE", "must index a pattern");
  }
  if (!covariates.names.empty() && covariates.names.size() != width) {
    return InvalidField("covariates.names", "LENGTH_MISMATCH", "must be one per covariate");
  }
  return absl::OkStatus();
}

// Rows that share one covariate vector.
struct Group {
  std::vector<PurchaseHistory> rows;
  std::vector<double> weights;
};
// By value, so that neither the order of patterns nor repeated ones show.
using Groups = std::map<std::vector<double>, Group>;

Groups GroupRows(std::span<const PurchaseHistory> rows, const PurchaseFitOptions& options) {
  Groups groups;
  std::vector<Group*> group_of;
  for (const std::vector<double>& pattern : options.covariates.patterns) {
    group_of.push_back(&groups[pattern]);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    Group& group = *group_of[options.covariates.pattern_of_row[i]];
    group.rows.push_back(rows[i]);
    if (!options.weights.empty()) group.weights.push_back(options.weights[i]);
  }
  return groups;
}

absl::Status ValidateRows(std::span<const PurchaseHistory> rows) {
  for (size_t i = 0; i < rows.size(); ++i) RETURN_IF_ERROR(ValidateRow(rows[i], i));
  return absl::OkStatus();
}

absl::StatusOr<FoldedPurchases> FoldPatterns(std::span<const PurchaseHistory> rows,
                                             const PurchaseFitOptions& options) {
  RETURN_IF_ERROR(ValidatePatterns(options.covariates, rows.size()));
  RETURN_IF_ERROR(ValidateWeights(options.weights, rows.size()));
  RETURN_IF_ERROR(ValidateRows(rows));  // Errors then name the caller's row.
  FoldedPurchases result;
  result.time_unit_days = options.time_unit_days;
  result.covariate_names = options.covariates.names;
  for (size_t i = result.covariate_names.size(); i < options.covariates.patterns[0].size(); ++i) {
    result.covariate_names.push_back(Cat("covariate", i));
  }
  for (const auto& [pattern, group] : GroupRows(rows, options)) {
    ASSIGN_OR_RETURN(PurchaseTable table,
                     FoldPurchases(group.rows, group.weights, options.time_unit_days));
    if (table.rows.empty()) continue;
    result.patterns.push_back(pattern);
    result.tables.push_back(std::move(table));
  }
  AddTotals(result);
  return result;
}

// New indices of the times that the kept rows use.
std::vector<uint32_t> KeepTimes(const PurchaseTable& table, PurchaseTable& result) {
  std::vector<uint32_t> index(table.times.size(), 0);
  for (const PurchaseTable::Row& row : result.rows) index[row.age] = index[row.recency] = 1;
  if (!index.empty()) index.back() = 1;  // The largest time stays last.
  for (size_t i = 0; i < index.size(); ++i) {
    if (index[i] == 0) continue;
    index[i] = static_cast<uint32_t>(result.times.size());
    result.times.push_back(table.times[i]);
  }
  return index;
}

}  // namespace

void AddTotals(FoldedPurchases& rows) {
  rows.weight = rows.repeat_weight = 0;
  rows.distinct_rows = 0;
  for (const PurchaseTable& table : rows.tables) {
    rows.weight += table.weight;
    rows.repeat_weight += table.repeat_weight;
    rows.distinct_rows += table.rows.size();
  }
}

absl::StatusOr<FoldedPurchases> FoldForFit(std::span<const PurchaseHistory> rows,
                                           const PurchaseFitOptions& options) {
  if (!(std::isfinite(options.time_unit_days) && options.time_unit_days > 0)) {
    return InvalidField("time_unit_days", "NOT_POSITIVE", "must be finite and > 0");
  }
  if (!options.covariates.patterns.empty()) return FoldPatterns(rows, options);
  ASSIGN_OR_RETURN(PurchaseTable table,
                   FoldPurchases(rows, options.weights, options.time_unit_days));
  FoldedPurchases folded;
  folded.time_unit_days = options.time_unit_days;
  folded.patterns.emplace_back();
  folded.tables.push_back(std::move(table));
  AddTotals(folded);
  return folded;
}

PurchaseTable Reweigh(const PurchaseTable& table, std::span<const double> weights) {
  PurchaseTable result;
  double age_sum = 0;
  for (const PurchaseTable::Block& block : table.blocks) {
    PurchaseTable::Block kept{.frequency = block.frequency, .begin = result.rows.size()};
    for (size_t i = block.begin; i < block.end; ++i) {
      if (!(weights[i] > 0)) continue;
      result.rows.push_back({table.rows[i].age, table.rows[i].recency, weights[i]});
      kept.weight += weights[i];
      age_sum += weights[i] * table.times[table.rows[i].age];
    }
    kept.end = result.rows.size();
    if (kept.begin == kept.end) continue;
    kept.log_gaps = block.log_gaps * (kept.weight / block.weight);
    result.log_gaps += kept.log_gaps;
    result.weight += kept.weight;
    if (kept.frequency > 0) result.repeat_weight += kept.weight;
    result.blocks.push_back(kept);
  }
  const std::vector<uint32_t> index = KeepTimes(table, result);
  for (PurchaseTable::Row& row : result.rows) {
    row.age = index[row.age];
    row.recency = index[row.recency];
  }
  if (result.weight > 0) result.mean_age = age_sum / result.weight;
  return result;
}

FoldedPurchases SampleOf(const FoldedPurchases& rows, size_t customers) {
  FoldedPurchases result;
  result.time_unit_days = rows.time_unit_days;
  result.covariate_names = rows.covariate_names;
  const double step = rows.weight / static_cast<double>(customers);
  double before = 0, passed = 0;  // Customers, and sampled ones among them.
  for (size_t t = 0; t < rows.tables.size(); ++t) {
    const PurchaseTable& table = rows.tables[t];
    std::vector<double> weights(table.rows.size());
    for (size_t i = 0; i < weights.size(); ++i) {
      before += table.rows[i].weight;
      const double reached = std::floor(before / step + 0.5);
      weights[i] = reached - passed;
      passed = reached;
    }
    PurchaseTable sample = Reweigh(table, weights);
    if (sample.rows.empty()) continue;
    result.patterns.push_back(rows.patterns[t]);
    result.tables.push_back(std::move(sample));
  }
  AddTotals(result);
  return result;
}

}  // namespace rapport::value

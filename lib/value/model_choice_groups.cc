// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/value/model_choice.h"

namespace rapport::value {
namespace {

// The rows of one group, copied out of parallel arrays.
struct Subset {
  std::vector<PurchaseHistory> histories;
  std::vector<double> weights, actual;
  std::vector<uint32_t> pattern_of_row;

  ChoiceRows rows() const { return {histories, weights, pattern_of_row, {}}; }
  double Repeaters() const {
    double sum = 0;
    for (size_t i = 0; i < histories.size(); ++i) {
      if (histories[i].frequency > 0) sum += weights.empty() ? 1.0 : weights[i];
    }
    return sum;
  }
};

std::vector<Subset> Split(const ChoiceRows& rows, std::span<const double> actual, uint32_t groups) {
  std::vector<Subset> subsets(groups);
  for (size_t i = 0; i < rows.histories.size(); ++i) {
    Subset& subset = subsets[rows.group_of_row[i]];
    subset.histories.push_back(rows.histories[i]);
    if (!rows.weights.empty()) subset.weights.push_back(rows.weights[i]);
    if (!rows.pattern_of_row.empty()) subset.pattern_of_row.push_back(rows.pattern_of_row[i]);
    if (!actual.empty()) subset.actual.push_back(actual[i]);
  }
  return subsets;
}

absl::Status ValidateGroups(const ChoiceRows& rows, uint32_t groups, const char* field) {
  if (rows.group_of_row.size() != rows.histories.size()) {
    return InvalidField(field, "LENGTH_MISMATCH", "must be one per row");
  }
  for (uint32_t group : rows.group_of_row) {
    if (group >= groups) return InvalidField(field, "OUT_OF_RANGE", "must be below the groups");
  }
  return absl::OkStatus();
}

absl::StatusOr<GroupChoice> ChooseFor(const Subset& rows, const Subset* holdout,
                                      const ChoiceOptions& options) {
  GroupChoice group;
  const double repeaters = rows.Repeaters();
  if (repeaters < options.min_repeaters || repeaters == 0) {
    group.reason = Cat("too small: ", repeaters, " repeat buyers, needs ", options.min_repeaters);
    return group;
  }
  ChoiceOptions own = options;
  own.holdout.reset();
  const bool judged = holdout != nullptr && holdout->Repeaters() > 0;
  if (judged) {
    own.holdout = {holdout->rows(), holdout->actual, options.holdout->horizon_days};
  }
  ASSIGN_OR_RETURN(group.own, ChooseModel(rows.rows(), own));
  group.pooled = !group.own->chosen.has_value();
  group.reason = group.own->reason;
  if (judged || holdout == nullptr || group.pooled) return group;
  group.reason += "; nobody to judge it on in the holdout";
  return group;
}

}  // namespace

absl::StatusOr<GroupedChoice> ChooseByGroup(const ChoiceRows& rows, uint32_t groups,
                                            const ChoiceOptions& options) {
  RETURN_IF_ERROR(ValidateGroups(rows, groups, "group_of_row"));
  std::vector<Subset> holdouts;
  GroupedChoice result;
  ASSIGN_OR_RETURN(result.pooled, ChooseModel(rows, options));  // Checks lengths too.
  if (options.holdout.has_value()) {
    const ChoiceHoldout& holdout = *options.holdout;
    RETURN_IF_ERROR(ValidateGroups(holdout.calibration, groups, "holdout.group_of_row"));
    holdouts = Split(holdout.calibration, holdout.actual, groups);
  }
  // Groups start from what the pooled data say. Their own models have no covariates.
  ChoiceOptions own = options;
  own.warm_starts.clear();
  own.patterns.clear();
  own.covariate_names.clear();
  for (const ModelCandidate& candidate : result.pooled.candidates) {
    if (candidate.usable) own.warm_starts.push_back(candidate.fit.parameters);
  }
  const std::vector<Subset> subsets = Split(rows, {}, groups);
  for (uint32_t g = 0; g < groups; ++g) {
    ASSIGN_OR_RETURN(GroupChoice group,
                     ChooseFor(subsets[g], holdouts.empty() ? nullptr : &holdouts[g], own));
    result.groups.push_back(std::move(group));
  }
  return result;
}

}  // namespace rapport::value

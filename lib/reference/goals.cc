// SPDX-License-Identifier: Apache-2.0
#include "lib/reference/goals.h"

#include <cmath>
#include <cstdio>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/hash.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/reference/field_checks.h"

namespace rapport::reference {
namespace {

constexpr size_t kMaxOwnerBytes = 256;

absl::Status CheckFinite(std::string_view field, double value) {
  if (std::isfinite(value)) return absl::OkStatus();
  return InvalidField(field, "BAD_NUMBER", "must be finite");
}

}  // namespace

absl::Status CheckGoal(const v1::Goal& goal) {
  RETURN_IF_ERROR(CheckId("goal.goal", goal.goal(), /*dashes=*/true));
  if (goal.metric().empty()) return InvalidField("goal.metric", "REQUIRED", "is required");
  RETURN_IF_ERROR(CheckFinite("goal.target", goal.target()));
  if (goal.has_baseline()) RETURN_IF_ERROR(CheckFinite("goal.baseline", goal.baseline()));
  ASSIGN_OR_RETURN(const CivilDays start, CheckDate("goal.start_date", goal.start_date()));
  ASSIGN_OR_RETURN(const CivilDays end, CheckDate("goal.end_date", goal.end_date()));
  if (end <= start) {
    return InvalidField("goal.end_date", "INVERTED_RANGE",
                        Cat("must be after the start, ", goal.start_date()));
  }
  return CheckText("goal.owner", goal.owner(), kMaxOwnerBytes);
}

absl::StatusOr<std::vector<v1::Goal>> ReadGoals(std::span<const store::Definition> rows) {
  std::vector<v1::Goal> goals;
  for (const store::Definition& row : rows) {
    if (!goals.emplace_back().ParseFromString(row.bytes)) {
      return DataLoss("definitions", Cat("goal ", row.id, " does not decode"));
    }
  }
  return goals;
}

std::string NextEtag(const v1::Goal& goal, std::string_view before, TimeMicros now) {
  v1::Goal bare = goal;
  bare.clear_name();
  bare.clear_etag();
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(
                    HashText64(Cat(before, "\n", now, "\n", bare.SerializeAsString()))));
  return text;
}

store::DefinitionChange GoalRow(const v1::Goal& goal) {
  v1::Goal bare = goal;
  bare.clear_name();
  return {store::DefinitionKind::kGoal, goal.goal(), bare.SerializeAsString()};
}

}  // namespace rapport::reference

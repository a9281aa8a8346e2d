// SPDX-License-Identifier: Apache-2.0
// Goals of a workspace: targets for metrics over a period of civil days. Pure, thread-safe.
// Whether metric and filter exist is the caller's to check.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/store/definitions.h"
#include "rapport/v1/reference.pb.h"

namespace rapport::reference {

inline constexpr size_t kMaxGoals = 1000;

// InvalidField goal.goal, goal.metric REQUIRED, goal.target and goal.baseline BAD_NUMBER (not
// finite), goal.start_date and goal.end_date REQUIRED | BAD_DATE, goal.end_date INVERTED_RANGE
// unless after the start, goal.owner TOO_LONG.
absl::Status CheckGoal(const v1::Goal& goal);

// By id, without `name`. DataLoss.
absl::StatusOr<std::vector<v1::Goal>> ReadGoals(std::span<const store::Definition> rows);

// The etag of a goal that is stored now after one with the etag `before` ("" for a new one).
std::string NextEtag(const v1::Goal& goal, std::string_view before, TimeMicros now);

// The row of a goal; it is stored without `name`.
store::DefinitionChange GoalRow(const v1::Goal& goal);

}  // namespace rapport::reference

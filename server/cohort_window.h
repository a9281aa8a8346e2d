// SPDX-License-Identifier: Apache-2.0
// Cuts the nightly cohort and lifecycle reports, which cover all time, to a window of days.
// Pure.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "rapport/v1/cohort.pb.h"

namespace rapport::server {

struct DayWindow {
  std::optional<CivilDays> begin;  // Inclusive.
  std::optional<CivilDays> end;    // Exclusive.
  bool Holds(CivilDays day) const { return (!begin || day >= *begin) && (!end || day < *end); }
};
// Empty dates stay open. InvalidField start_date | end_date BAD_DATE, INVERTED_RANGE.
absl::StatusOr<DayWindow> ParseWindow(std::string_view start_date, std::string_view end_date);

// Keeps cohorts that begin in the window and pools what is left again, over complete cells.
void KeepCohorts(const DayWindow& window, v1::RetentionReport* report);

// Transitions by (from, to).
using FlowCounts = std::map<std::pair<int, int>, int64_t>;
void SetFlows(const FlowCounts& counts, v1::LifecycleReport* report);
// Keeps months of growth and monthly flows that begin in the window; adds the kept months'
// flows up.
FlowCounts KeepMonths(const DayWindow& window, v1::LifecycleReport* report);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// Which days a classifier learns from, so that it never sees what it has to foretell.
//
//   training:    features up to and with as_of - 2 h, outcome in (as_of - 2 h, as_of - h]
//   validation:  features up to and with as_of - h,   outcome in (as_of - h, as_of]
//   scoring:     features up to and with as_of,       outcome in (as_of, as_of + h], unknown
//
// h is the horizon. A row's features end where its outcome begins, the outcomes of
// training and validation share no day, and every day that training knows of, outcomes
// included, is known at the validation's cutoff: validation is as blind as tonight's
// forecast will be. Customers do appear in both; their outcomes do not.
//
// Who takes part is decided at the cutoff as well (Eligible). Days are civil days in the
// workspace's zone. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/base/money.h"

namespace rapport::predict {

// Features know days <= cutoff; the outcome is about days in (cutoff, until].
struct Window {
  CivilDays cutoff = 0;
  CivilDays until = 0;

  bool Knows(CivilDays day) const { return day <= cutoff; }
  bool Foretells(CivilDays day) const { return day > cutoff && day <= until; }
};

struct TimeSplit {
  Window training;
  Window validation;
  Window scoring;
};

// InvalidArgument OUT_OF_RANGE "horizon_days" unless 1..3650.
absl::StatusOr<TimeSplit> SplitByTime(CivilDays as_of, int horizon_days);
// FailedPrecondition NOT_ENOUGH_DATA unless events reach back one horizon before the
// training cutoff: earlier than that, features are mostly empty.
absl::Status CheckHistory(const TimeSplit& split, CivilDays first_event_day);

// What must be known of a customer at a cutoff.
struct Eligibility {
  int min_tenure_days = 0;
  // Active at least once in (cutoff - active_within_days, cutoff]: those who left long ago
  // would make churn easy to foretell and useless.
  int active_within_days = 365;
};
// `activity` in ascending order; days after the cutoff change nothing.
bool Eligible(const Eligibility& rule, std::span<const CivilDays> activity, CivilDays cutoff);

// Non-contractual churn: no order (or other activity) in (cutoff, until].
bool Churned(std::span<const CivilDays> activity, const Window& window);

// Who ends in the top tenth of what is earned in the horizon: at least nine tenths of all
// are strictly lower (the rule of lib/math/ranks.h), so ties at the border are all out.
std::vector<bool> InTopDecile(std::span<const Micros> value_in_horizon);

}  // namespace rapport::predict

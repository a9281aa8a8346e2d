// SPDX-License-Identifier: Apache-2.0
#include "lib/predict/split.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/math/ranks.h"

namespace rapport::predict {
namespace {

constexpr int kLongestHorizon = 3650;
constexpr int kDeciles = 10;

}  // namespace

absl::StatusOr<TimeSplit> SplitByTime(CivilDays as_of, int horizon_days) {
  if (horizon_days < 1 || horizon_days > kLongestHorizon) {
    return InvalidField("horizon_days", "OUT_OF_RANGE", "must be 1 to 3650");
  }
  TimeSplit split;
  split.training = {as_of - 2 * horizon_days, as_of - horizon_days};
  split.validation = {as_of - horizon_days, as_of};
  split.scoring = {as_of, as_of + horizon_days};
  return split;
}

absl::Status CheckHistory(const TimeSplit& split, CivilDays first_event_day) {
  const CivilDays horizon = split.training.until - split.training.cutoff;
  const CivilDays needed = split.training.cutoff - horizon;
  if (first_event_day <= needed) return absl::OkStatus();
  return FailedPrecondition("NOT_ENOUGH_DATA",
                            Cat("events start on ", FormatDate(first_event_day), "; a forecast of ",
                                horizon, " days needs them from ", FormatDate(needed)));
}

bool Eligible(const Eligibility& rule, std::span<const CivilDays> activity, CivilDays cutoff) {
  const auto end = std::upper_bound(activity.begin(), activity.end(), cutoff);
  if (end == activity.begin()) return false;
  return cutoff - activity.front() >= rule.min_tenure_days &&
         cutoff - *(end - 1) < rule.active_within_days;
}

bool Churned(std::span<const CivilDays> activity, const Window& window) {
  const auto next = std::upper_bound(activity.begin(), activity.end(), window.cutoff);
  return next == activity.end() || *next > window.until;
}

std::vector<bool> InTopDecile(std::span<const Micros> value_in_horizon) {
  math::ValueHistogram values;
  for (Micros value : value_in_horizon) values.Add(value);
  const math::RankCuts deciles = math::RankCuts::Make(values, kDeciles, math::Better::kHigher);
  std::vector<bool> top;
  top.reserve(value_in_horizon.size());
  for (Micros value : value_in_horizon) top.push_back(deciles.Score(value) == kDeciles);
  return top;
}

}  // namespace rapport::predict

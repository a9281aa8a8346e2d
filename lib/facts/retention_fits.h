// SPDX-License-Identifier: Apache-2.0
// The retention models of a workspace between their stored report (v1.RetentionFit) and
// the numbers that foretell. Constant once built; thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/value/retention_fit.h"
#include "rapport/v1/value.pb.h"

namespace rapport::facts {

inline constexpr char kAllCohorts[] = "all";

// "2024-03": a start month as reports name it.
std::string CohortOf(CivilDays start_day);

class RetentionFits {
 public:
  struct Entry {
    std::string cohort;  // CohortOf, or kAllCohorts.
    value::RetentionFit fit;
  };

  // Keeps the usable fits; one without a covariance has no ranges.
  explicit RetentionFits(const v1::ValueModel& model);

  bool empty() const { return entries_.empty(); }
  // The fit that answers for subscriptions started on a day: their month's, else that of
  // all; -1 without one.
  int IndexFor(CivilDays start_day) const;
  // -1 when there is no fit of exactly that cohort.
  int IndexOf(std::string_view cohort) const;
  const Entry& at(int index) const { return entries_[static_cast<size_t>(index)]; }
  int size() const { return static_cast<int>(entries_.size()); }

 private:
  std::vector<Entry> entries_;
  std::map<std::string, int, std::less<>> by_cohort_;
};

}  // namespace rapport::facts

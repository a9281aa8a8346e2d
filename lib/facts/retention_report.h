// SPDX-License-Identifier: Apache-2.0
// Subscriptions: how long they last, by start month, and the retention models fitted to
// them. Sums add up in any order; the rest is pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "lib/facts/facts.h"
#include "lib/facts/signals.h"
#include "lib/math/stats.h"
#include "lib/value/retention_fit.h"

namespace rapport::facts {

// Spells of subscription by (start month, renewals made, ended).
class RetentionSums {
 public:
  void Add(const Settings& settings, const Fold& fold, CivilDays as_of);
  void Merge(const RetentionSums& other);
  bool empty() const { return spells_.empty(); }

  // Fits all spells together and each start month apart; the model (sbg or bdw) with the
  // lower BIC. Months without a usable fit of their own are left out.
  void Describe(const Settings& settings, v1::ValueModel& stored) const;

 private:
  struct Key {
    int32_t month;
    int32_t renewals;
    bool ended;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<value::RetentionRow> RowsOf(std::optional<int32_t> month) const;
  void DescribeFit(const value::RetentionFit& fit, const std::string& cohort,
                   const std::vector<value::RetentionRow>& rows, v1::RetentionFit& out) const;

  std::map<Key, int64_t> spells_;
};

// P(a subscription that has run for `days` ends within the horizon), from the stored fits:
// its start month's, else that of all, with its range (95 %). nullopt without a usable fit.
std::optional<math::Interval> SubscriptionChurn(const Settings& settings,
                                                const v1::ValueModel& model,
                                                const SubscriptionSpell& spell);

}  // namespace rapport::facts

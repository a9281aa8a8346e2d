// SPDX-License-Identifier: Apache-2.0
// What a workspace's metrics are computed in: its settings, its names and its tables. One
// per query or nightly run; immutable while it is used.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "lib/base/calendar.h"
#include "lib/base/money.h"
#include "lib/filter/names.h"
#include "lib/metrics/rates.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::metrics {

struct Scope {
  Calendar calendar = Calendar::Utc();
  CurrencyCode base_currency = 0;
  v1::LifecycleRules rules;          // Complete (lifecycle::CompleteRules).
  v1::BusinessHours business_hours;  // Defaults where empty.
  const RateTable* rates = nullptr;  // nullptr: the base currency only.
  const ReferenceTable* references = nullptr;
  const filter::Names* names = nullptr;  // Required.
  // Label of a customer dimension's code, e.g. ("stage", 4) > "active". Not asked for code
  // 0, which is `none`.
  std::function<std::string(std::string_view dimension, uint32_t code)> customer_label;

  // Up to when the answer counts. Buckets that end after it are incomplete; steps that
  // silence will bring count up to the end of its civil day.
  TimeMicros as_of = 0;
  // Events from here on do not exist for the view: as_of + 1 for the nightly one.
  TimeMicros event_end = std::numeric_limits<TimeMicros>::max();
  // First and last civil day with data, for ranges with open ends; last < first: none.
  CivilDays first_day = 0;
  CivilDays last_day = -1;

  CivilDays as_of_day() const { return calendar.DayOf(as_of); }
};

}  // namespace rapport::metrics

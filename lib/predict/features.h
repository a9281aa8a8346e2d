// SPDX-License-Identifier: Apache-2.0
// What a classifier is told about a customer: a fixed list of numbers at a cutoff day.
//
// Prediction starts here. CustomerFeatures() is the list as data: a name, how the number
// is transformed before the model sees it, what a missing value means, and words for
// people. A row is FeatureVector: one number per feature in the table's order; a number
// that does not exist (no order yet, no answer yet) is missing, NaN.
//
// THE CONTRACT OF A CUTOFF. Every number is what was known at the end of the cutoff day:
// only events with day <= cutoff count, windows of n days are (cutoff - n, cutoff], open
// tickets are open at that day, a "last" answer is the last one up to that day. Nothing
// that happened or was learned later may enter, not even through a stored total of today;
// a model that saw the future in training is worthless on the day it is used.
//
// Money is in units of the workspace's currency (not micros). Constant data and pure
// functions: thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/calendar.h"

namespace rapport::predict {

// How a number enters the model. Numbers are stored.
enum class Transform : uint8_t {
  kIdentity = 1,
  kLog1p = 2,   // sign(v) log(1 + |v|): counts, days, money.
  kFlag = 3,    // v != 0.
  kOneHot = 4,  // A number of FeatureSpec::levels; the first level is the reference.
};

// How a number is shown to people.
enum class Unit : uint8_t {
  kCount = 1,   // "84", one decimal where there are fractions below 10.
  kAmount = 2,  // "120.50"
  kShare = 3,   // 0.4 is "40 %".
  kChange = 4,  // "+3", "-2.5"
};

struct FeatureSpec {
  std::string_view name;  // `recency_days`; stored with models.
  Transform transform = Transform::kIdentity;
  // True when rows may lack this number: the model gets a column that says so. Without
  // it a missing number counts as the average one.
  bool missing_indicator = false;
  Unit unit = Unit::kCount;
  std::string_view text = {};          // "days since the last order"
  std::string_view reason = {};        // "no order for {} days"; {} is the value or level.
  std::string_view missing_text = {};  // "no order yet"
  std::span<const std::string_view> levels = {};
};
// A model belongs to one table: same names, same order.
using FeatureTable = std::span<const FeatureSpec>;

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Index into CustomerFeatures(). Not stored: models keep names.
enum class Feature : uint8_t {
  kRecencyDays,
  kTenureDays,
  kOrders30,
  kOrders90,
  kOrders365,
  kRevenue90,
  kRevenue365,
  kMeanOrderValue,
  kDiscountedShare,
  kActiveDays30,
  kActiveDaysChange,
  kActivitySlope,
  kSessions30,
  kDaysSinceSession,
  kLastNps,
  kLastCsat,
  kOpenTickets,
  kTickets90,
  kComplaints90,
  kFailedPayments90,
  kSubscription,
  kOptOuts,
  kHumanTouches90,
};
inline constexpr size_t kFeatureCount = static_cast<size_t>(Feature::kHumanTouches90) + 1;

// Levels of Feature::kSubscription.
enum class SubscriptionState : uint8_t { kNone = 0, kActive = 1, kEnded = 2 };

FeatureTable CustomerFeatures();

// One customer's numbers; all missing until set.
struct FeatureVector {
  FeatureVector() { values.fill(kMissing); }
  double& operator[](Feature feature) { return values[static_cast<size_t>(feature)]; }
  double operator[](Feature feature) const { return values[static_cast<size_t>(feature)]; }

  std::array<double, kFeatureCount> values;
};

// Index of a name in a table.
std::optional<size_t> FeatureIndex(FeatureTable table, std::string_view name);

// The number as the model sees it; NaN when missing. Beyond +-1e15 (and infinite) counts
// as +-1e15; a level that does not exist is missing. Never infinite.
double Transformed(const FeatureSpec& spec, double value);
// Back to the number of the feature (kFlag and kOneHot: unchanged).
double Untransformed(const FeatureSpec& spec, double transformed);
// "84", "40 %", "ended".
std::string ShowValue(const FeatureSpec& spec, double value);

// How often somebody came by, from days of activity in ascending order (repeated days
// count once). Days after the cutoff are ignored.
struct ActivityTrend {
  int active_days_30 = 0;      // Active days in (cutoff - 30, cutoff].
  int active_days_before = 0;  // Active days in (cutoff - 60, cutoff - 30].
  // Least squares slope of active days a week over the last 12 weeks, days a week each week.
  double slope = 0;

  int change() const { return active_days_30 - active_days_before; }
};
ActivityTrend TrendOf(std::span<const CivilDays> active_days, CivilDays cutoff);

}  // namespace rapport::predict

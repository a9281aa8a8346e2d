// SPDX-License-Identifier: Apache-2.0
// Change detection: which days of which metrics are not as the weeks before them.
//
// A day is judged against its robust seasonal baseline (lib/math/seasonal.h): counts and
// sums of money on a square-root scale, other figures as they are. The p-values of all
// metrics and days that a night judges are corrected together (Benjamini-Hochberg); an
// alert is raised where the corrected one is at most kAlertLevel. On nights on which nothing
// has changed, at most one in a hundred (kAlertLevel) raises an alert at all, as far as
// noise is near normal; of those raised over time, about one in a hundred is false.
//
// Not judged: days with too small a sample (a rate by the day's, a count or sum by the
// larger of the day's and the median before), metrics that are levels (customers on the
// books, recurring revenue), scores of engagement and facts: their days depend on each other.
//
// Pure, deterministic, thread-safe. About 25 us a judged day.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/calendar.h"
#include "lib/base/clock.h"
#include "rapport/v1/metric.pb.h"
#include "rapport/v1/reference.pb.h"

namespace rapport::reference {

inline constexpr double kAlertLevel = 0.01;
inline constexpr size_t kMaxAlertsANight = 50;  // Of a workspace; the strongest.
inline constexpr int kAlertDaysKept = 400;
// Days before a judged one that its baseline may read.
inline constexpr int kBaselineDays = 91;
// A change to one of the last so many days, the last complete one included, is judged again.
inline constexpr int kRestatedDays = 8;

// Whether days of the metric are judged at all.
bool IsWatched(const v1::MetricDefinition& definition);

struct DailyFigure {
  std::optional<double> value;
  int64_t sample_size = 0;
  double standard_error = 0;  // By the day's sample; 0: not known.
  friend bool operator==(const DailyFigure&, const DailyFigure&) = default;
};

struct WatchedMetric {
  const v1::MetricDefinition* definition = nullptr;
  CivilDays first_day = 0;
  std::vector<DailyFigure> figures;  // Of consecutive days.
  std::vector<CivilDays> judged;     // Within `figures`.
};

struct AlertNight {
  std::string workspace;  // Resource name.
  uint32_t generation = 0;
  TimeMicros as_of = 0;
};

// Up to kMaxAlertsANight, as they are stored: by day, newest first, then by metric.
std::vector<v1::Alert> FindAlerts(std::span<const WatchedMetric> metrics, const AlertNight& night);

// `{metric}-{date}`: a metric has one alert a day at most.
std::string AlertId(std::string_view metric, std::string_view date);

}  // namespace rapport::reference

// SPDX-License-Identifier: Apache-2.0
// The days a query asks for, cut into buckets: civil days, weeks, months, quarters, years
// or hours of the workspace's zone, each with the instants at which it begins and ends.
//
// A range is [begin, end) in civil days. Dates that a request gives are taken as they are,
// so the first and last bucket may be cut short; ends left open are widened to whole
// buckets around the first and last day with data. A day lasts from its first instant to
// the next day's, whatever its length. An hour is a civil hour of one offset from UTC: the
// hour that the end of daylight saving repeats is two buckets, the one that its start skips
// none, and where clocks move by 30 minutes there are half hours.
//
// With a rolling window of k buckets each point covers its own bucket and the k - 1 before.
// Immutable and thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "lib/metrics/scope.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

inline constexpr size_t kMaxWindows = 5000;
inline constexpr int kMaxRolling = 1000;

struct TimeWindow {
  CivilDays first_day = 0;
  CivilDays end_day = 0;
  TimeMicros begin = 0;
  TimeMicros end = 0;
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

struct WindowRequest {
  std::string_view start_date;  // Empty: open.
  std::string_view end_date;
  v1::Granularity granularity = v1::GRANULARITY_UNSPECIFIED;
  int rolling = 1;  // 0 and 1: none.
  size_t max_windows = kMaxWindows;
};

class Windows {
 public:
  // InvalidField start_date, end_date (BAD_DATE, INVERTED_RANGE), granularity
  // (UNKNOWN_GRANULARITY, TOO_MANY_BUCKETS) or rolling_buckets (BAD_ROLLING_WINDOW).
  static absl::StatusOr<Windows> Resolve(const WindowRequest& request, const Scope& scope);
  // The range to compare with, cut alike. Before: of the same length just before, as many
  // months if both ends begin a month. Last year: the same dates, the end of February for
  // the leap day.
  Windows Compared(v1::Comparison comparison, const Scope& scope) const;

  // What points are labelled with: one per bucket, not widened.
  std::span<const TimeWindow> points() const { return std::span(base_).subspan(lead_); }
  // Contiguous and ascending: the points' buckets and, before them, what a rolling window
  // reaches back to.
  std::span<const TimeWindow> base() const { return base_; }
  // Buckets of base() before the first point's.
  size_t lead() const { return lead_; }
  // What points cover: widened by a rolling window.
  std::span<const TimeWindow> covers() const { return covers_; }
  const TimeWindow& whole() const { return whole_; }
  int rolling() const { return rolling_; }
  bool hourly() const { return hourly_; }
  // nullopt: hours, or the whole range is the one bucket.
  std::optional<Granularity> granularity() const { return granularity_; }
  // "2026-10-25T02:00:00+02:00", the start of a point; empty unless hourly.
  std::string StartTime(size_t point) const;

  // Index in base() of the bucket that holds `time`; base().size() when none does.
  size_t BaseOf(TimeMicros time) const;

 private:
  Windows(const Calendar& calendar, const WindowRequest& request);
  bool Cut(CivilDays begin, CivilDays end);
  void CutHours(TimeMicros begin, TimeMicros end, std::vector<TimeWindow>& hours) const;
  void CutDays(CivilDays begin, CivilDays end);
  void AddLead(CivilDays begin);
  TimeWindow Between(CivilDays begin, CivilDays end) const;

  Calendar calendar_;
  std::optional<Granularity> granularity_;
  bool hourly_ = false;
  int rolling_ = 1;
  size_t max_windows_ = kMaxWindows;
  size_t lead_ = 0;
  std::vector<TimeWindow> base_;
  std::vector<TimeWindow> covers_;
  TimeWindow whole_;
};

// The calendar bucket of a granularity around a day.
TimeWindow CalendarWindow(CivilDays day, Granularity granularity, const Calendar& calendar);
// Length in years: whole calendar years, and the rest as a share of the year it lies in.
double YearsIn(CivilDays begin, CivilDays end);

}  // namespace rapport::metrics

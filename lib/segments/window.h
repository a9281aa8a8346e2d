// SPDX-License-Identifier: Apache-2.0
// When an event must have happened to count, seen from the moment T of an evaluation, and
// when the passing of time alone changes which events those are.
//
// Times are UTC micros; spans are (after, until] with until <= T. Immutable, thread-safe,
// O(log n) in the times looked at, beside a zone look-up for calendar windows.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/calendar.h"
#include "rapport/v1/segment.pb.h"

namespace rapport::segments {

inline constexpr TimeMicros kNever = std::numeric_limits<TimeMicros>::max();
inline constexpr TimeMicros kEver = std::numeric_limits<TimeMicros>::min();

// Times t with after < t <= until.
struct TimeSpan {
  TimeMicros after = kEver;
  TimeMicros until = kNever;
  bool Holds(TimeMicros time) const { return after < time && time <= until; }
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

// Rising times: how many are at or before `at`; and those within the span.
size_t CountUntil(std::span<const TimeMicros> times, TimeMicros at);
struct IndexRange {
  size_t begin = 0, end = 0;
  size_t size() const { return end - begin; }
};
IndexRange Within(std::span<const TimeMicros> times, const TimeSpan& span);
// The first moment after `at` at which one of the times up to `at` is `distance` old; kNever.
TimeMicros NextToAge(std::span<const TimeMicros> times, TimeMicros at, TimeMicros distance);

class Window {
 public:
  // All time.
  Window() = default;
  // InvalidField `field`.rolling... : NOT_POSITIVE, OUT_OF_RANGE; BAD_DATE, INVERTED_RANGE;
  // UNKNOWN_GRANULARITY.
  static absl::StatusOr<Window> Create(const v1::SegmentWindow& window, const Calendar& calendar,
                                       const std::string& field);

  TimeSpan At(TimeMicros at) const;
  // The first moment after `at` at which the times up to `at` that count may be others than
  // at `at`, if nothing is added; kNever.
  TimeMicros NextChange(std::span<const TimeMicros> times, TimeMicros at) const;

  // The length of a rolling window that ends at T; 0 for any other.
  TimeMicros rolling_length() const {
    return kind_ == Kind::kRolling && until_age_ == 0 ? after_age_ : 0;
  }
  bool all_time() const { return kind_ == Kind::kAllTime; }
  std::string Describe() const;

 private:
  enum class Kind { kAllTime, kRolling, kCalendar, kFixed };
  absl::Status FillRolling(const v1::SegmentRollingWindow& window, const std::string& field);
  absl::Status FillCalendar(const v1::SegmentCalendarWindow& window, const std::string& field);
  absl::Status FillFixed(const v1::SegmentFixedWindow& window, const std::string& field);

  Kind kind_ = Kind::kAllTime;
  Calendar calendar_ = Calendar::Utc();
  TimeMicros after_age_ = 0, until_age_ = 0;  // Rolling: (T - after_age, T - until_age].
  Granularity granularity_ = Granularity::kDay;
  int buckets_ = 1, buckets_ago_ = 0;
  TimeSpan fixed_;
  std::string words_ = "ever";
};

// Micros of a span; 0 for an empty one. InvalidField `field` OUT_OF_RANGE beyond 100 years
// or below 0.
absl::StatusOr<TimeMicros> LengthOf(const v1::SegmentSpan& span, const std::string& field);
// "30 days", "12 hours", "1 day 6 hours".
std::string DescribeLength(TimeMicros length);
absl::StatusOr<Granularity> BucketOf(v1::Granularity granularity, const std::string& field);
std::string_view BucketWord(Granularity granularity);  // "month"
// The start of the bucket `steps` before (> 0) or after (< 0) the one that starts at `start`.
CivilDays BucketsBefore(CivilDays start, Granularity granularity, int steps);

}  // namespace rapport::segments

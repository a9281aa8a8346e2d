// SPDX-License-Identifier: Apache-2.0
#include "lib/segments/window.h"

#include <algorithm>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::segments {
namespace {

constexpr int64_t kMaxDays = 36'525;
constexpr int kMaxBuckets = 3'660;
constexpr TimeMicros kMicrosPerHour = kMicrosPerDay / 24;

std::string Counted(int64_t count, std::string_view word) {
  return Cat(count, " ", word, count == 1 ? "" : "s");
}

}  // namespace

size_t CountUntil(std::span<const TimeMicros> times, TimeMicros at) {
  return static_cast<size_t>(std::ranges::upper_bound(times, at) - times.begin());
}

IndexRange Within(std::span<const TimeMicros> times, const TimeSpan& span) {
  const size_t begin = CountUntil(times, span.after);
  return {begin, std::max(begin, CountUntil(times, span.until))};
}

TimeMicros NextToAge(std::span<const TimeMicros> times, TimeMicros at, TimeMicros distance) {
  if (distance <= 0) return kNever;
  const size_t next = CountUntil(times, at - distance);
  return next < times.size() && times[next] <= at ? times[next] + distance : kNever;
}

absl::StatusOr<TimeMicros> LengthOf(const v1::SegmentSpan& span, const std::string& field) {
  if (span.days() < 0 || span.hours() < 0 || span.days() + int64_t{span.hours()} / 24 > kMaxDays) {
    return InvalidField(field, "OUT_OF_RANGE", "must be 0 to 100 years");
  }
  return span.days() * kMicrosPerDay + span.hours() * kMicrosPerHour;
}

std::string DescribeLength(TimeMicros length) {
  const int64_t days = length / kMicrosPerDay;
  const int64_t hours = length % kMicrosPerDay / kMicrosPerHour;
  if (hours == 0) return Counted(days, "day");
  return days == 0 ? Counted(hours, "hour")
                   : Cat(Counted(days, "day"), " ", Counted(hours, "hour"));
}

absl::StatusOr<Granularity> BucketOf(v1::Granularity granularity, const std::string& field) {
  if (granularity < v1::GRANULARITY_DAY || granularity > v1::GRANULARITY_YEAR) {
    return InvalidField(field, "UNKNOWN_GRANULARITY", "must be day, week, month, quarter or year");
  }
  return static_cast<Granularity>(granularity);  // The same numbers.
}

std::string_view BucketWord(Granularity granularity) {
  constexpr std::string_view kWords[] = {"day", "week", "month", "quarter", "year"};
  return kWords[static_cast<size_t>(granularity) - 1];
}

CivilDays BucketsBefore(CivilDays start, Granularity granularity, int steps) {
  switch (granularity) {
    case Granularity::kDay:
      return start - steps;
    case Granularity::kWeek:
      return start - 7 * steps;
    case Granularity::kMonth:
      return AddMonths(start, -steps);
    case Granularity::kQuarter:
      return AddMonths(start, -3 * steps);
    case Granularity::kYear:
      return AddMonths(start, -12 * steps);
  }
  return start;
}

absl::StatusOr<Window> Window::Create(const v1::SegmentWindow& window, const Calendar& calendar,
                                      const std::string& field) {
  Window made;
  made.calendar_ = calendar;
  switch (window.window_case()) {
    case v1::SegmentWindow::kRolling:
      RETURN_IF_ERROR(made.FillRolling(window.rolling(), field + ".rolling"));
      break;
    case v1::SegmentWindow::kCalendar:
      RETURN_IF_ERROR(made.FillCalendar(window.calendar(), field + ".calendar"));
      break;
    case v1::SegmentWindow::kFixed:
      RETURN_IF_ERROR(made.FillFixed(window.fixed(), field + ".fixed"));
      break;
    case v1::SegmentWindow::WINDOW_NOT_SET:
      break;
  }
  return made;
}

absl::Status Window::FillRolling(const v1::SegmentRollingWindow& window, const std::string& field) {
  ASSIGN_OR_RETURN(const TimeMicros length, LengthOf(window.length(), field + ".length"));
  if (length == 0) return InvalidField(field + ".length", "NOT_POSITIVE", "must be > 0");
  ASSIGN_OR_RETURN(until_age_, LengthOf(window.end(), field + ".end"));
  after_age_ = until_age_ + length;
  kind_ = Kind::kRolling;
  words_ = until_age_ == 0 ? Cat("in the last ", DescribeLength(length))
                           : Cat("from ", DescribeLength(after_age_), " to ",
                                 DescribeLength(until_age_), " ago");
  return absl::OkStatus();
}

absl::Status Window::FillCalendar(const v1::SegmentCalendarWindow& window,
                                  const std::string& field) {
  ASSIGN_OR_RETURN(granularity_, BucketOf(window.granularity(), field + ".granularity"));
  if (window.buckets() < 0 || window.buckets() > kMaxBuckets) {
    return InvalidField(field + ".buckets", "OUT_OF_RANGE", Cat("must be 1 to ", kMaxBuckets));
  }
  if (window.buckets_ago() < 0 || window.buckets_ago() > kMaxBuckets) {
    return InvalidField(field + ".buckets_ago", "OUT_OF_RANGE", Cat("must be 0 to ", kMaxBuckets));
  }
  kind_ = Kind::kCalendar;
  buckets_ = std::max(1, window.buckets());
  buckets_ago_ = window.buckets_ago();
  const std::string_view word = BucketWord(granularity_);
  if (buckets_ago_ == 0) {
    words_ = buckets_ == 1
                 ? Cat("this ", word)
                 : Cat("this ", word, " and the ", Counted(buckets_ - 1, word), " before");
  } else {
    words_ = buckets_ == 1 && buckets_ago_ == 1
                 ? Cat("last ", word)
                 : Cat("in the ", Counted(buckets_, word), " that end ",
                       Counted(buckets_ago_ - 1, word), " before this ", word);
  }
  return absl::OkStatus();
}

absl::Status Window::FillFixed(const v1::SegmentFixedWindow& window, const std::string& field) {
  kind_ = Kind::kFixed;
  words_ = "on any day";
  if (!window.start_date().empty()) {
    const auto day = ParseDate(window.start_date());
    if (!day.ok()) return InvalidField(field + ".start_date", "BAD_DATE", "must be YYYY-MM-DD");
    fixed_.after = calendar_.StartOf(*day) - 1;
    words_ = Cat("from ", window.start_date());
  }
  if (!window.end_date().empty()) {
    const auto day = ParseDate(window.end_date());
    if (!day.ok()) return InvalidField(field + ".end_date", "BAD_DATE", "must be YYYY-MM-DD");
    fixed_.until = calendar_.StartOf(*day) - 1;
    words_ = Cat(window.start_date().empty() ? "" : Cat(words_, " "), "before ", window.end_date());
  }
  if (fixed_.after >= fixed_.until) {
    return InvalidField(field + ".end_date", "INVERTED_RANGE", "must be after start_date");
  }
  return absl::OkStatus();
}

TimeSpan Window::At(TimeMicros at) const {
  switch (kind_) {
    case Kind::kAllTime:
      return {kEver, at};
    case Kind::kRolling:
      return {at - after_age_, at - until_age_};
    case Kind::kFixed:
      return {fixed_.after, std::min(fixed_.until, at)};
    case Kind::kCalendar:
      break;
  }
  const CivilDays bucket = calendar_.BucketOf(at, granularity_);
  const CivilDays begin = BucketsBefore(bucket, granularity_, buckets_ago_ + buckets_ - 1);
  const CivilDays end = BucketsBefore(bucket, granularity_, buckets_ago_ - 1);
  return {calendar_.StartOf(begin) - 1, std::min(at, calendar_.StartOf(end) - 1)};
}

TimeMicros Window::NextChange(std::span<const TimeMicros> times, TimeMicros at) const {
  if (kind_ == Kind::kRolling) {
    return std::min(NextToAge(times, at, after_age_), NextToAge(times, at, until_age_));
  }
  if (kind_ != Kind::kCalendar) return kNever;
  const size_t known = CountUntil(times, at);
  if (known == 0 || times[known - 1] <= At(at).after) return kNever;  // All are left behind.
  return calendar_.StartOf(NextBucket(calendar_.BucketOf(at, granularity_), granularity_));
}

std::string Window::Describe() const { return words_; }

}  // namespace rapport::segments

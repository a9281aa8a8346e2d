// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/windows.h"

#include <algorithm>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::metrics {
namespace {

struct Days {
  CivilDays begin = 0;
  CivilDays end = 0;
};

absl::StatusOr<CivilDays> ParseField(std::string_view field, std::string_view text) {
  const auto day = ParseDate(text);
  if (day.ok()) return *day;
  return InvalidField(field, "BAD_DATE", Cat("'", text, "' is not a date of the form 2026-11-21"));
}

// The days with data, or as_of's day when there are none.
Days DataDays(const Scope& scope) {
  if (scope.last_day < scope.first_day) return {scope.as_of_day(), scope.as_of_day() + 1};
  return {scope.first_day, scope.last_day + 1};
}

absl::Status CheckRequest(const WindowRequest& request) {
  if (request.granularity < v1::GRANULARITY_UNSPECIFIED ||
      request.granularity > v1::GRANULARITY_HOUR) {
    return InvalidField("granularity", "UNKNOWN_GRANULARITY",
                        "must be hour, day, week, month, quarter or year");
  }
  if (request.rolling < 0 || request.rolling > kMaxRolling) {
    return InvalidField("rolling_buckets", "BAD_ROLLING_WINDOW", Cat("must be 0 to ", kMaxRolling));
  }
  if (request.rolling > 1 && request.granularity == v1::GRANULARITY_UNSPECIFIED) {
    return InvalidField("rolling_buckets", "BAD_ROLLING_WINDOW",
                        "needs a granularity: a window rolls over buckets");
  }
  return absl::OkStatus();
}

absl::StatusOr<Days> DaysOf(const WindowRequest& request, std::optional<Granularity> granularity,
                            const Scope& scope) {
  Days days = DataDays(scope);
  if (granularity) {
    days.begin = CalendarWindow(days.begin, *granularity, scope.calendar).first_day;
    days.end = CalendarWindow(days.end - 1, *granularity, scope.calendar).end_day;
  }
  if (!request.start_date.empty()) {
    ASSIGN_OR_RETURN(days.begin, ParseField("start_date", request.start_date));
  }
  if (!request.end_date.empty()) {
    ASSIGN_OR_RETURN(days.end, ParseField("end_date", request.end_date));
  }
  if (days.begin < days.end) return days;
  // An open end never inverts a range: it gives way to the given one.
  if (request.end_date.empty()) return Days{days.begin, days.begin + 1};
  if (request.start_date.empty()) return Days{days.end - 1, days.end};
  return InvalidField("end_date", "INVERTED_RANGE",
                      "must lie after start_date; it is the day after the last");
}

bool BeginsMonth(CivilDays day) { return CivilFromDays(day).day == 1; }

// As many months before if both ends begin a month, as many days otherwise.
Days DaysBefore(const TimeWindow& whole) {
  if (BeginsMonth(whole.first_day) && BeginsMonth(whole.end_day)) {
    const int32_t months = MonthIndex(whole.end_day) - MonthIndex(whole.first_day);
    return {FirstDayOfMonth(MonthIndex(whole.first_day) - months), whole.first_day};
  }
  return {whole.first_day - (whole.end_day - whole.first_day), whole.first_day};
}

Days DaysLastYear(const TimeWindow& whole) {
  const CivilDays end = BeginsMonth(whole.end_day) ? AddMonths(whole.end_day, -12)
                                                   : AddMonths(whole.end_day - 1, -12) + 1;
  return {AddMonths(whole.first_day, -12), end};
}

std::optional<Granularity> DayGranularity(v1::Granularity granularity) {
  if (granularity == v1::GRANULARITY_UNSPECIFIED || granularity == v1::GRANULARITY_HOUR) {
    return std::nullopt;
  }
  return static_cast<Granularity>(granularity);
}

}  // namespace

Windows::Windows(const Calendar& calendar, const WindowRequest& request)
    : calendar_(calendar),
      granularity_(DayGranularity(request.granularity)),
      hourly_(request.granularity == v1::GRANULARITY_HOUR),
      rolling_(std::max(1, request.rolling)),
      max_windows_(request.max_windows) {}

absl::StatusOr<Windows> Windows::Resolve(const WindowRequest& request, const Scope& scope) {
  RETURN_IF_ERROR(CheckRequest(request));
  Windows windows(scope.calendar, request);
  ASSIGN_OR_RETURN(const Days days, DaysOf(request, windows.granularity_, scope));
  if (!windows.Cut(days.begin, days.end)) {
    return InvalidField(
        "granularity", "TOO_MANY_BUCKETS",
        Cat("the range has more than ", request.max_windows, " buckets of that length"));
  }
  return windows;
}

Windows Windows::Compared(v1::Comparison comparison, const Scope&) const {
  const Days days = comparison == v1::COMPARISON_SAME_PERIOD_LAST_YEAR ? DaysLastYear(whole_)
                                                                       : DaysBefore(whole_);
  Windows windows = *this;
  // Of about the same length: a bucket or two more than the limit do no harm.
  windows.max_windows_ = SIZE_MAX;
  windows.Cut(days.begin, days.end);
  return windows;
}

TimeWindow Windows::Between(CivilDays begin, CivilDays end) const {
  return {begin, end, calendar_.StartOf(begin), calendar_.StartOf(end)};
}

bool Windows::Cut(CivilDays begin, CivilDays end) {
  whole_ = Between(begin, end);
  base_.clear();
  covers_.clear();
  lead_ = 0;
  // Before anything is laid out: a range may be millions of days long.
  const int64_t per_day = hourly_ ? 23 : 1;
  const int64_t shortest = granularity_ == Granularity::kWeek      ? 7
                           : granularity_ == Granularity::kMonth   ? 31
                           : granularity_ == Granularity::kQuarter ? 92
                           : granularity_ == Granularity::kYear    ? 366
                                                                   : 1;
  if ((granularity_ || hourly_) &&
      static_cast<uint64_t>((int64_t{end} - begin) * per_day / shortest) > max_windows_) {
    return false;
  }
  if (rolling_ > 1) AddLead(begin);
  lead_ = base_.size();
  if (hourly_) {
    CutHours(whole_.begin, whole_.end, base_);
  } else {
    CutDays(begin, end);
  }
  for (size_t i = lead_; i < base_.size(); ++i) {
    TimeWindow cover = base_[i];
    const size_t back = std::min(i, static_cast<size_t>(rolling_ - 1));
    cover.first_day = base_[i - back].first_day;
    cover.begin = base_[i - back].begin;
    covers_.push_back(cover);
  }
  return base_.size() - lead_ <= max_windows_;
}

void Windows::CutDays(CivilDays begin, CivilDays end) {
  if (!granularity_) {
    base_.push_back(whole_);
    return;
  }
  TimeMicros at = calendar_.StartOf(begin);
  while (begin < end) {
    const CivilDays start = BucketStart(begin, *granularity_, calendar_.week_start());
    const CivilDays next = std::min(NextBucket(start, *granularity_), end);
    const TimeMicros next_at = calendar_.StartOf(next);
    base_.push_back({begin, next, at, next_at});
    begin = next;
    at = next_at;
  }
}

// Buckets end where the civil hour or the offset from UTC changes.
void Windows::CutHours(TimeMicros begin, TimeMicros end, std::vector<TimeWindow>& hours) const {
  constexpr int64_t kHour = 3600;
  const absl::TimeZone zone = calendar_.zone();
  int64_t at = begin / kMicrosPerSecond;
  const int64_t stop = end / kMicrosPerSecond;
  while (at < stop) {
    const absl::Time time = absl::FromUnixSeconds(at);
    const int64_t local = at + zone.At(time).offset;
    const int64_t into = ((local % kHour) + kHour) % kHour;
    int64_t next = std::min(at + kHour - into, stop);
    absl::TimeZone::CivilTransition transition;
    if (zone.NextTransition(time, &transition)) {
      next = std::min(next, absl::ToUnixSeconds(zone.At(transition.to).trans));
    }
    const CivilDays day = calendar_.DayOf(at * kMicrosPerSecond);
    hours.push_back({day, day + 1, at * kMicrosPerSecond, next * kMicrosPerSecond});
    at = next;
  }
}

void Windows::AddLead(CivilDays begin) {
  const auto wanted = static_cast<size_t>(rolling_ - 1);
  if (hourly_) {
    const auto days = static_cast<CivilDays>(wanted / 20 + 2);
    std::vector<TimeWindow> hours;
    CutHours(calendar_.StartOf(begin - days), whole_.begin, hours);
    base_.assign(hours.end() - static_cast<ptrdiff_t>(std::min(wanted, hours.size())), hours.end());
    return;
  }
  CivilDays end = begin;
  while (base_.size() < wanted) {
    const CivilDays start = BucketStart(end - 1, *granularity_, calendar_.week_start());
    base_.push_back(Between(start, end));
    end = start;
  }
  std::reverse(base_.begin(), base_.end());
}

std::string Windows::StartTime(size_t point) const {
  if (!hourly_) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", absl::FromUnixMicros(points()[point].begin),
                          calendar_.zone());
}

size_t Windows::BaseOf(TimeMicros time) const {
  const auto after =
      std::upper_bound(base_.begin(), base_.end(), time,
                       [](TimeMicros at, const TimeWindow& window) { return at < window.begin; });
  if (after == base_.begin() || time >= (after - 1)->end) return base_.size();
  return static_cast<size_t>(after - base_.begin()) - 1;
}

TimeWindow CalendarWindow(CivilDays day, Granularity granularity, const Calendar& calendar) {
  const CivilDays begin = BucketStart(day, granularity, calendar.week_start());
  const CivilDays end = NextBucket(begin, granularity);
  return {begin, end, calendar.StartOf(begin), calendar.StartOf(end)};
}

double YearsIn(CivilDays begin, CivilDays end) {
  int years = (end - begin) / 366;
  while (AddMonths(begin, 12 * (years + 1)) <= end) ++years;
  const CivilDays rest = AddMonths(begin, 12 * years);
  const CivilDays next = AddMonths(begin, 12 * (years + 1));
  return years + static_cast<double>(end - rest) / static_cast<double>(next - rest);
}

}  // namespace rapport::metrics

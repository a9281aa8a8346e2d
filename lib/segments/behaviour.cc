// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/segments/condition.h"

namespace rapport::segments {
namespace {

constexpr int kMaxPeriods = 366;

std::string Subject(std::string_view filter) {
  return filter.empty() ? "any event " : Cat("[", filter, "] ");
}

std::string Found(const Hits& hits, TimeMicros at, const IndexRange& range) {
  if (range.size() > 0) {
    return Cat(Times(range.size()), ", last on ", FormatTime(hits.times[range.end - 1]));
  }
  const size_t known = CountUntil(hits.times, at);
  return known == 0 ? "never" : Cat("not then; last on ", FormatTime(hits.times[known - 1]));
}

class TimesCondition final : public Condition {
 public:
  TimesCondition(Window window, const v1::SegmentTimes& times)
      : window_(std::move(window)), times_(times) {}
  bool Holds(const Hits& hits, TimeMicros at) const override {
    const auto count = static_cast<int64_t>(Within(hits.times, window_.At(at)).size());
    return Compares(times_.comparator(), count, times_.count());
  }
  TimeMicros NextChange(const Hits& hits, TimeMicros at) const override {
    return window_.NextChange(hits.times, at);
  }
  std::string Describe(std::string_view filter) const override {
    return Cat(Subject(filter), ComparatorWord(times_.comparator()), " ",
               Times(static_cast<size_t>(times_.count())), " ", window_.Describe());
  }
  std::string Evidence(const Hits& hits, TimeMicros at) const override {
    return Found(hits, at, Within(hits.times, window_.At(at)));
  }

 private:
  Window window_;
  v1::SegmentTimes times_;
};

class FirstTimeCondition final : public Condition {
 public:
  explicit FirstTimeCondition(Window window) : window_(std::move(window)) {}
  bool Holds(const Hits& hits, TimeMicros at) const override {
    const auto first = First(hits, at);
    return !first.empty() && window_.At(at).Holds(first.front());
  }
  TimeMicros NextChange(const Hits& hits, TimeMicros at) const override {
    return window_.NextChange(First(hits, at), at);
  }
  std::string Describe(std::string_view filter) const override {
    return Cat(Subject(filter), "for the first time ", window_.Describe());
  }
  std::string Evidence(const Hits& hits, TimeMicros at) const override {
    const auto first = First(hits, at);
    return first.empty() ? "never" : Cat("first on ", FormatTime(first.front()));
  }

 private:
  static std::span<const TimeMicros> First(const Hits& hits, TimeMicros at) {
    return {hits.times.data(), std::min<size_t>(1, CountUntil(hits.times, at))};
  }
  Window window_;
};

class RegularlyCondition final : public Condition {
 public:
  static absl::StatusOr<std::unique_ptr<const Condition>> Create(
      const v1::SegmentRegularly& pattern, const Calendar& calendar, const std::string& path) {
    auto made = std::make_unique<RegularlyCondition>();
    made->calendar_ = calendar;
    made->times_ = std::max<int64_t>(1, pattern.times());
    made->periods_ = pattern.periods();
    made->needed_ =
        pattern.at_least_periods() == 0 ? pattern.periods() : pattern.at_least_periods();
    if (pattern.times() < 0) return InvalidField(path + ".times", "NEGATIVE", "must be >= 1");
    if (made->periods_ < 1 || made->periods_ > kMaxPeriods) {
      return InvalidField(path + ".periods", "OUT_OF_RANGE", Cat("must be 1 to ", kMaxPeriods));
    }
    if (made->needed_ < 1 || made->needed_ > made->periods_) {
      return InvalidField(path + ".at_least_periods", "OUT_OF_RANGE", "must be 1 to periods");
    }
    if (pattern.period_case() == v1::SegmentRegularly::kGranularity) {
      ASSIGN_OR_RETURN(made->granularity_, BucketOf(pattern.granularity(), path + ".granularity"));
      return made;
    }
    ASSIGN_OR_RETURN(made->length_, LengthOf(pattern.length(), path + ".length"));
    if (made->length_ == 0) return InvalidField(path + ".length", "NOT_POSITIVE", "must be > 0");
    return made;
  }

  bool Holds(const Hits& hits, TimeMicros at) const override {
    return GoodPeriods(hits, at) >= needed_;
  }
  TimeMicros NextChange(const Hits& hits, TimeMicros at) const override {
    if (length_ == 0) return NextBucketStart(hits, at);
    TimeMicros next = kNever;
    for (size_t i = Within(hits.times, {at - length_ * periods_, at}).begin;
         i < hits.times.size() && hits.times[i] <= at; ++i) {
      const TimeMicros period = (at - hits.times[i]) / length_ + 1;
      if (period <= periods_) next = std::min(next, hits.times[i] + period * length_);
    }
    return next;
  }
  std::string Describe(std::string_view filter) const override {
    const std::string period =
        length_ == 0 ? std::string(BucketWord(granularity_)) : DescribeLength(length_);
    return Cat(Subject(filter), "at least ", Times(static_cast<size_t>(times_)), " per ", period,
               " in at least ", needed_, " of the last ", periods_);
  }
  std::string Evidence(const Hits& hits, TimeMicros at) const override {
    return Cat("in ", GoodPeriods(hits, at), " of ", periods_, " periods");
  }

 private:
  int GoodPeriods(const Hits& hits, TimeMicros at) const {
    int good = 0;
    TimeMicros until = at;
    CivilDays bucket = length_ == 0 ? calendar_.BucketOf(at, granularity_) : 0;
    for (int period = 0; period < periods_; ++period) {
      const TimeMicros after = length_ == 0 ? calendar_.StartOf(bucket) - 1 : until - length_;
      if (static_cast<int64_t>(Within(hits.times, {after, until}).size()) >= times_) ++good;
      until = after;
      if (length_ == 0) bucket = BucketsBefore(bucket, granularity_, 1);
    }
    return good;
  }
  TimeMicros NextBucketStart(const Hits& hits, TimeMicros at) const {
    const CivilDays bucket = calendar_.BucketOf(at, granularity_);
    const TimeMicros begin = calendar_.StartOf(BucketsBefore(bucket, granularity_, periods_ - 1));
    if (Within(hits.times, {begin - 1, at}).size() == 0) return kNever;
    return calendar_.StartOf(NextBucket(bucket, granularity_));
  }

  Calendar calendar_ = Calendar::Utc();
  int64_t times_ = 1;
  int periods_ = 1, needed_ = 1;
  TimeMicros length_ = 0;  // 0: calendar buckets.
  Granularity granularity_ = Granularity::kDay;
};

// Lengths of an outer and an inner window that end at T.
struct Nested {
  TimeMicros outer = 0, inner = 0;
  static absl::StatusOr<Nested> Create(const Window& window, const v1::SegmentSpan& inner,
                                       const std::string& path, std::string_view pattern) {
    Nested nested{window.rolling_length(), 0};
    if (nested.outer == 0) {
      return InvalidField(path + ".window", "NOT_ROLLING", "must be rolling and end at the moment");
    }
    const std::string field = Cat(path, ".", pattern, ".inner");
    ASSIGN_OR_RETURN(nested.inner, LengthOf(inner, field));
    if (nested.inner == 0 || nested.inner >= nested.outer) {
      return InvalidField(field, "OUT_OF_RANGE", "must be > 0 and shorter than the window");
    }
    return nested;
  }
  size_t InInner(const Hits& hits, TimeMicros at) const {
    return Within(hits.times, {at - inner, at}).size();
  }
  size_t InOuterOnly(const Hits& hits, TimeMicros at) const {
    return Within(hits.times, {at - outer, at - inner}).size();
  }
  TimeMicros NextChange(const Hits& hits, TimeMicros at) const {
    return std::min(NextToAge(hits.times, at, inner), NextToAge(hits.times, at, outer));
  }
  std::string Evidence(const Hits& hits, TimeMicros at) const {
    return Cat(Times(InOuterOnly(hits, at)), " in the outer window, ", Times(InInner(hits, at)),
               " in the last ", DescribeLength(inner), ", ",
               Times(CountUntil(hits.times, at - outer)), " before");
  }
};

class StoppedCondition final : public Condition {
 public:
  explicit StoppedCondition(Nested nested) : nested_(nested) {}
  bool Holds(const Hits& hits, TimeMicros at) const override {
    return nested_.InOuterOnly(hits, at) > 0 && nested_.InInner(hits, at) == 0;
  }
  TimeMicros NextChange(const Hits& hits, TimeMicros at) const override {
    return nested_.NextChange(hits, at);
  }
  std::string Describe(std::string_view filter) const override {
    return Cat(Subject(filter), "stopped: in the last ", DescribeLength(nested_.outer),
               ", but not in the last ", DescribeLength(nested_.inner));
  }
  std::string Evidence(const Hits& hits, TimeMicros at) const override {
    return nested_.Evidence(hits, at);
  }

 private:
  Nested nested_;
};

class RestartedCondition final : public Condition {
 public:
  explicit RestartedCondition(Nested nested) : nested_(nested) {}
  bool Holds(const Hits& hits, TimeMicros at) const override {
    return nested_.InInner(hits, at) > 0 && nested_.InOuterOnly(hits, at) == 0 &&
           CountUntil(hits.times, at - nested_.outer) > 0;
  }
  TimeMicros NextChange(const Hits& hits, TimeMicros at) const override {
    return nested_.NextChange(hits, at);
  }
  std::string Describe(std::string_view filter) const override {
    return Cat(Subject(filter), "restarted: again in the last ", DescribeLength(nested_.inner),
               ", not before that in the last ", DescribeLength(nested_.outer), ", but earlier");
  }
  std::string Evidence(const Hits& hits, TimeMicros at) const override {
    return nested_.Evidence(hits, at);
  }

 private:
  Nested nested_;
};

}  // namespace

std::string Times(size_t count) {
  if (count == 0) return "0 times";
  return count == 1 ? "once" : Cat(count, " times");
}

std::string_view ComparatorWord(v1::SegmentComparator comparator) {
  switch (comparator) {
    case v1::SEGMENT_COMPARATOR_AT_LEAST:
      return "at least";
    case v1::SEGMENT_COMPARATOR_AT_MOST:
      return "at most";
    case v1::SEGMENT_COMPARATOR_EXACTLY:
      return "exactly";
    case v1::SEGMENT_COMPARATOR_MORE_THAN:
      return "more than";
    default:
      return "less than";
  }
}

absl::Status CheckComparator(v1::SegmentComparator comparator, const std::string& field) {
  if (comparator != v1::SEGMENT_COMPARATOR_UNSPECIFIED &&
      v1::SegmentComparator_IsValid(comparator)) {
    return absl::OkStatus();
  }
  return InvalidField(field, "REQUIRED",
                      "must be at least, at most, exactly, more than or less than");
}

absl::StatusOr<std::unique_ptr<const Condition>> NewBehaviour(const v1::SegmentBehaviour& behaviour,
                                                              const Calendar& calendar,
                                                              const std::string& path) {
  ASSIGN_OR_RETURN(Window window, Window::Create(behaviour.window(), calendar, path + ".window"));
  switch (behaviour.pattern_case()) {
    case v1::SegmentBehaviour::kTimes:
      RETURN_IF_ERROR(CheckComparator(behaviour.times().comparator(), path + ".times.comparator"));
      if (behaviour.times().count() < 0) {
        return InvalidField(path + ".times.count", "NEGATIVE", "must be >= 0");
      }
      return std::make_unique<TimesCondition>(std::move(window), behaviour.times());
    case v1::SegmentBehaviour::kFirstTime:
      return std::make_unique<FirstTimeCondition>(std::move(window));
    case v1::SegmentBehaviour::kRegularly:
      if (!window.all_time()) {
        return InvalidField(path + ".window", "NOT_ALLOWED", "the periods say when");
      }
      return RegularlyCondition::Create(behaviour.regularly(), calendar, path + ".regularly");
    case v1::SegmentBehaviour::kStopped: {
      ASSIGN_OR_RETURN(const Nested nested,
                       Nested::Create(window, behaviour.stopped().inner(), path, "stopped"));
      return std::make_unique<StoppedCondition>(nested);
    }
    case v1::SegmentBehaviour::kRestarted: {
      ASSIGN_OR_RETURN(const Nested nested,
                       Nested::Create(window, behaviour.restarted().inner(), path, "restarted"));
      return std::make_unique<RestartedCondition>(nested);
    }
    case v1::SegmentBehaviour::PATTERN_NOT_SET:
      break;
  }
  return InvalidField(path, "REQUIRED", "needs times, first_time, regularly, stopped or restarted");
}

}  // namespace rapport::segments

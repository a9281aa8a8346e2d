// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/segments/condition.h"

namespace rapport::segments {
namespace {

using v1::SegmentFigure;

bool NeedsField(SegmentFigure figure) {
  return figure >= v1::SEGMENT_FIGURE_SUM && figure <= v1::SEGMENT_FIGURE_MEAN;
}
bool IsAge(SegmentFigure figure) {
  return figure == v1::SEGMENT_FIGURE_DAYS_SINCE_FIRST ||
         figure == v1::SEGMENT_FIGURE_DAYS_SINCE_LAST;
}

std::string_view FigureWord(SegmentFigure figure) {
  constexpr std::array<std::string_view, 10> kWords = {"",
                                                       "number of events",
                                                       "revenue",
                                                       "sum of",
                                                       "smallest",
                                                       "largest",
                                                       "mean",
                                                       "days since the first",
                                                       "days since the last",
                                                       "days with an event"};
  return kWords[static_cast<size_t>(figure)];
}

// A number with up to six decimals, none too many.
std::string Decimal(double value) {
  const int64_t micros = ToMicros(value);
  const auto magnitude = static_cast<uint64_t>(std::abs(micros));
  std::string text = Cat(micros < 0 ? "-" : "", magnitude / 1'000'000);
  std::string decimals = Cat(1'000'000 + magnitude % 1'000'000).substr(1);
  while (!decimals.empty() && decimals.back() == '0') decimals.pop_back();
  return decimals.empty() ? text : Cat(text, ".", decimals);
}

class AggregateCondition final : public Condition {
 public:
  AggregateCondition(const v1::SegmentAggregate& aggregate, Window window)
      : window_(std::move(window)),
        figure_(aggregate.figure()),
        comparator_(aggregate.comparator()),
        field_(aggregate.field()),
        value_(aggregate.value()),
        bound_(ToMicros(aggregate.value())) {}

  bool Holds(const Hits& hits, TimeMicros at) const override {
    const IndexRange range = Within(hits.times, window_.At(at));
    const auto figure = FigureOf(hits, range, at);
    if (!figure.has_value()) return false;
    const bool mean = figure_ == v1::SEGMENT_FIGURE_MEAN;
    const Int128 bound = Bound() * (mean ? static_cast<Int128>(range.size()) : Int128{1});
    return Compares(comparator_, *figure, bound);
  }

  TimeMicros NextChange(const Hits& hits, TimeMicros at) const override {
    TimeMicros next = window_.NextChange(hits.times, at);
    if (!IsAge(figure_)) return next;
    const IndexRange range = Within(hits.times, window_.At(at));
    if (range.size() == 0) return next;
    const Int128 crossing = Int128{Event(hits, range)} + Bound();  // When the age is the bound.
    for (const Int128 moment : {crossing, crossing + 1}) {
      if (moment > at && moment < kNever) next = std::min(next, static_cast<TimeMicros>(moment));
    }
    return next;
  }

  std::string Describe(std::string_view filter) const override {
    const std::string subject = NeedsField(figure_) ? Cat(FigureWord(figure_), " ", field_)
                                                    : std::string(FigureWord(figure_));
    return Cat(filter.empty() ? "" : Cat("[", filter, "]: "), subject, " ",
               ComparatorWord(comparator_), " ", Decimal(value_), ", ", window_.Describe());
  }

  std::string Evidence(const Hits& hits, TimeMicros at) const override {
    const IndexRange range = Within(hits.times, window_.At(at));
    const auto figure = FigureOf(hits, range, at);
    if (!figure.has_value()) return "no event";
    double value = static_cast<double>(*figure) / static_cast<double>(kMicrosPerUnit);
    if (figure_ == v1::SEGMENT_FIGURE_MEAN) value /= static_cast<double>(range.size());
    if (figure_ == v1::SEGMENT_FIGURE_REVENUE) value /= metrics::kNanosPerRate;
    if (IsAge(figure_)) value = value * kMicrosPerUnit / kMicrosPerDay;
    return Cat(Decimal(value), " of ", range.size(), range.size() == 1 ? " event" : " events");
  }

 private:
  // The comparison's number in the figure's own unit: micros (revenue: x nanos), age micros.
  Int128 Bound() const {
    if (figure_ == v1::SEGMENT_FIGURE_REVENUE) return Int128{bound_} * metrics::kNanosPerRate;
    if (IsAge(figure_)) return Int128{bound_} * (kMicrosPerDay / kMicrosPerUnit);
    return bound_;
  }
  TimeMicros Event(const Hits& hits, const IndexRange& range) const {
    return figure_ == v1::SEGMENT_FIGURE_DAYS_SINCE_FIRST ? hits.times[range.begin]
                                                          : hits.times[range.end - 1];
  }
  // For the mean the sum; nullopt where there is none.
  std::optional<Int128> FigureOf(const Hits& hits, const IndexRange& range, TimeMicros at) const {
    switch (figure_) {
      case v1::SEGMENT_FIGURE_COUNT:
        return static_cast<Int128>(range.size()) * kMicrosPerUnit;
      case v1::SEGMENT_FIGURE_DISTINCT_DAYS:
        return static_cast<Int128>(DistinctDays(hits, range)) * kMicrosPerUnit;
      case v1::SEGMENT_FIGURE_REVENUE:
      case v1::SEGMENT_FIGURE_SUM:
        return SumOf(hits, range);
      default:
        break;
    }
    if (range.size() == 0) return std::nullopt;
    if (IsAge(figure_)) return Int128{at} - Event(hits, range);
    if (figure_ == v1::SEGMENT_FIGURE_MEAN) return SumOf(hits, range);
    const auto begin = hits.amounts.begin() + static_cast<std::ptrdiff_t>(range.begin);
    const auto end = hits.amounts.begin() + static_cast<std::ptrdiff_t>(range.end);
    return figure_ == v1::SEGMENT_FIGURE_MINIMUM ? *std::min_element(begin, end)
                                                 : *std::max_element(begin, end);
  }
  static Int128 SumOf(const Hits& hits, const IndexRange& range) {
    Int128 sum = 0;
    for (size_t i = range.begin; i < range.end; ++i) sum += hits.amounts[i];
    return sum;
  }
  static size_t DistinctDays(const Hits& hits, const IndexRange& range) {
    size_t days = 0;
    for (size_t i = range.begin; i < range.end; ++i) {
      days += i == range.begin || hits.days[i] != hits.days[i - 1] ? 1 : 0;
    }
    return days;
  }

  Window window_;
  SegmentFigure figure_;
  v1::SegmentComparator comparator_;
  std::string field_;
  double value_;
  int64_t bound_;
};

}  // namespace

HitSource::Request HitsOf(const v1::SegmentAggregate& aggregate, const std::string& path) {
  HitSource::Request request;
  request.filter = aggregate.filter();
  request.path = path;
  request.days = aggregate.figure() == v1::SEGMENT_FIGURE_DISTINCT_DAYS;
  if (aggregate.figure() == v1::SEGMENT_FIGURE_REVENUE) {
    request.amount = HitSource::Amount::kRevenue;
  } else if (NeedsField(aggregate.figure())) {
    request.amount = HitSource::Amount::kField;
    request.amount_field = aggregate.field();
  }
  return request;
}

absl::StatusOr<std::unique_ptr<const Condition>> NewAggregate(const v1::SegmentAggregate& aggregate,
                                                              const Calendar& calendar,
                                                              const std::string& path) {
  const SegmentFigure figure = aggregate.figure();
  if (figure == v1::SEGMENT_FIGURE_UNSPECIFIED || !v1::SegmentFigure_IsValid(figure)) {
    return InvalidField(path + ".figure", "REQUIRED", "must be one of the figures of events");
  }
  RETURN_IF_ERROR(CheckComparator(aggregate.comparator(), path + ".comparator"));
  if (!std::isfinite(aggregate.value()) || std::abs(aggregate.value()) > 9e12) {
    return InvalidField(path + ".value", "OUT_OF_RANGE", "must be within 9e12");
  }
  if (NeedsField(figure) == aggregate.field().empty()) {
    return NeedsField(figure)
               ? InvalidField(path + ".field", "REQUIRED", "needs the field that is added up")
               : InvalidField(path + ".field", "NOT_ALLOWED", "the figure takes no field");
  }
  ASSIGN_OR_RETURN(Window window, Window::Create(aggregate.window(), calendar, path + ".window"));
  return std::make_unique<AggregateCondition>(aggregate, std::move(window));
}

}  // namespace rapport::segments

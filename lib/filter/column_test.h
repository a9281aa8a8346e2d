// SPDX-License-Identifier: Apache-2.0
// A comparison with a column field as whole numbers: by the event's type, a column's number
// in (or not in) an interval or a set. Used by EventPredicate only.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "lib/base/event_columns.h"
#include "lib/filter/column_reading.h"
#include "lib/filter/expression.h"
#include "lib/filter/names.h"

namespace rapport::filter {

// Whole numbers from low to high; none if low > high.
struct Interval {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();
};

class ColumnTest {
 public:
  // How the column is compared for events of some types.
  struct Way {
    ColumnPart part = ColumnPart::kValue;
    ColumnGuard guard = ColumnGuard::kNone;
    bool outside = false;  // True: not within the interval.
    Interval interval;
  };

  // `way` counts for events of `types`, which no other way has.
  void Add(const TypeSet& types, const Way& way);
  // Numbers in `set` pass instead of those of an interval; those past its end if `beyond`.
  void UseSet(std::vector<bool> set, bool beyond) {
    in_set_ = true;
    set_ = std::move(set);
    beyond_ = beyond;
  }
  bool ReadsClock() const {
    return ways_[1].part == ColumnPart::kHour || ways_[1].part == ColumnPart::kWeekday;
  }

  // Few branches, since the types of events that follow each other cannot be foreseen.
  template <typename Clock>
  bool Holds(const EventColumns& event, const Clock& clock) const {
    const Way& way = ways_[WayOf(event.type)];
    const int64_t whole = WholeOf(way.part, event, clock);
    const bool is_set = ((way.guard != ColumnGuard::kPositive) | (whole > 0)) &
                        ((way.guard != ColumnGuard::kHasCurrency) | (event.currency != 0));
    if (in_set_) {
      const auto number = static_cast<size_t>(whole);
      return is_set && (number < set_.size() ? set_[number] : beyond_);
    }
    const bool within = (way.interval.low <= whole) & (whole <= way.interval.high);
    return is_set & (within != way.outside);
  }

 private:
  static constexpr size_t kStandard = 256;
  uint8_t WayOf(uint16_t type) const {
    if (type < kStandard) return way_of_[type];
    return custom_types_.Has(type) ? 1 : 0;
  }

  std::array<uint8_t, kStandard> way_of_{};
  // The first is that of types which do not have the field: nothing passes.
  std::vector<Way> ways_ = {{ColumnPart::kValue, ColumnGuard::kNone, false, {1, 0}}};
  TypeSet custom_types_;  // Custom types that have it, by the second way.
  bool in_set_ = false;
  bool beyond_ = false;
  std::vector<bool> set_;
};

// For predicates that read neither hour nor weekday.
struct NoClock {
  int HourOf(TimeMicros) const { return 0; }
  CivilDays DayOf(TimeMicros) const { return 0; }
};

// For a test whose field stands in columns.
ColumnTest CompileColumn(const Test& test, const Names& names, const Calendar& calendar);

// Event types for which a test of field `type` holds.
TypeSet TypesOf(const Test& test, const Names& names);

// The whole numbers x for which x / divisor, as a double, compares so with `number`; for
// != those that are equal.
Interval IntervalOf(Comparator comparator, double number, double divisor);

}  // namespace rapport::filter

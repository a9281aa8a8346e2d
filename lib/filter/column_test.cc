// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/column_test.h"

#include <optional>
#include <string>
#include <utility>

#include "lib/base/money.h"
#include "lib/filter/compare.h"
#include "lib/filter/words.h"

namespace rapport::filter {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr Interval kNobody{1, 0};

// The interval between two first numbers, each nullopt where no number is that large:
// `least` the first that is >= the operand, `above` the first that is > it.
Interval Between(Comparator comparator, std::optional<int64_t> least,
                 std::optional<int64_t> above) {
  const auto below = [](std::optional<int64_t> end) {
    if (!end.has_value()) return Interval();
    return *end == kMin ? kNobody : Interval{kMin, *end - 1};
  };
  const auto from = [](std::optional<int64_t> begin) {
    return begin.has_value() ? Interval{*begin, kMax} : kNobody;
  };
  switch (comparator) {
    case Comparator::kLess:
      return below(least);
    case Comparator::kLessEqual:
      return below(above);
    case Comparator::kGreater:
      return from(above);
    case Comparator::kGreaterEqual:
      return from(least);
    default:
      break;
  }
  const Interval low = from(least), high = below(above);
  return {low.low, low.low > low.high ? low.high : high.high};
}

// The first x for which `reached` holds, which goes on holding for all above.
template <typename Reached>
std::optional<int64_t> First(const Reached& reached) {
  if (!reached(kMax)) return std::nullopt;
  int64_t low = kMin, high = kMax;
  while (low < high) {
    const auto half =
        static_cast<int64_t>((static_cast<uint64_t>(high) - static_cast<uint64_t>(low)) / 2);
    const int64_t middle = low + half;
    if (reached(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Interval WholeInterval(Comparator comparator, int64_t operand) {
  return Between(comparator, operand,
                 operand == kMax ? std::nullopt : std::optional<int64_t>(operand + 1));
}

// Instants whose civil day compares so with a day.
Interval DayInterval(Comparator comparator, int64_t day, const Calendar& calendar) {
  const auto date = static_cast<CivilDays>(day);
  return Between(comparator, calendar.StartOf(date), calendar.StartOf(date + 1));
}

Interval OperandInterval(const Test& test, double divisor, const Calendar& calendar) {
  if (const auto* number = std::get_if<double>(&test.operand)) {
    return IntervalOf(test.comparator, *number, divisor);
  }
  if (const auto* whole = std::get_if<int64_t>(&test.operand)) {
    return test.ref.field->type == FieldType::kDate ? DayInterval(test.comparator, *whole, calendar)
                                                    : WholeInterval(test.comparator, *whole);
  }
  if (const auto* text = std::get_if<std::string>(&test.operand)) {
    const auto code = PackCurrency(*text);
    return code.ok() ? WholeInterval(Comparator::kEqual, *code) : kNobody;
  }
  return {};  // Is set.
}

// Touchpoints and campaigns: the numbers of the texts that the test accepts, as an
// interval of one or as a set.
void CompileName(const Test& test, const Names& names, ColumnTest::Way& way, ColumnTest& compiled) {
  const auto* pattern = std::get_if<std::string>(&test.operand);
  if (pattern == nullptr) return;  // Is set.
  const NameKind kind = *test.ref.field->names;
  const bool equality = test.comparator == Comparator::kEqual ||
                        test.comparator == Comparator::kHas ||
                        test.comparator == Comparator::kNotEqual;
  if (equality && !pattern->starts_with('*') && !pattern->ends_with('*')) {
    const uint32_t number = names.Find(kind, *pattern);
    way.interval = number == 0 ? kNobody : Interval{number, number};
    way.outside = test.comparator == Comparator::kNotEqual;
    return;
  }
  std::vector<bool> set(size_t{names.Count(kind)} + 1);
  for (uint32_t number = 1; number < set.size(); ++number) {
    const std::string text = names.Text(kind, number);
    set[number] = Holds(test, [&](size_t) { return Value(std::string_view(text)); });
  }
  compiled.UseSet(std::move(set), Holds(test, [](size_t) { return Value(std::string_view()); }));
}

}  // namespace

Interval IntervalOf(Comparator comparator, double number, double divisor) {
  const auto at_least = [=](int64_t x) { return static_cast<double>(x) / divisor >= number; };
  const auto above = [=](int64_t x) { return static_cast<double>(x) / divisor > number; };
  return Between(comparator, First(at_least), First(above));
}

TypeSet TypesOf(const Test& test, const Names& names) {
  const auto holds = [&](std::string_view name, bool custom) {
    return Holds(test, [&](size_t nth) {
      if (nth > (custom ? 1U : 0U)) return Value();
      return Value(nth == 1 ? std::string_view("custom") : name);
    });
  };
  TypeSet types = holds("", true) ? TypeSet::AllCustom() : TypeSet();
  for (const Word& word : TypeWords().words) {
    types.Set(static_cast<uint16_t>(word.number), holds(word.text, false));
  }
  for (uint32_t number = 1; number <= names.Count(NameKind::kCustomType); ++number) {
    types.Set(static_cast<uint16_t>(kFirstCustomType + number),
              holds(names.Text(NameKind::kCustomType, number), true));
  }
  return types;
}

void ColumnTest::Add(const TypeSet& types, const Way& way) {
  ways_.push_back(way);
  for (uint16_t type = 0; type < kStandard; ++type) {
    if (types.Has(type)) way_of_[type] = static_cast<uint8_t>(ways_.size() - 1);
  }
  if (ways_.size() == 2) custom_types_ = types;
}

ColumnTest CompileColumn(const Test& test, const Names& names, const Calendar& calendar) {
  const Field& field = *test.ref.field;
  ColumnTest compiled;
  for (const ColumnReading& reading : field.columns) {
    ColumnTest::Way way{reading.part, reading.guard, false, {}};
    if (field.type == FieldType::kTypeName) {
      compiled.Add(TypesOf(test, names), way);
      continue;
    }
    if (field.names.has_value()) {
      CompileName(test, names, way, compiled);
    } else {
      way.interval = OperandInterval(test, reading.divisor, calendar);
      way.outside = test.comparator == Comparator::kNotEqual;
    }
    compiled.Add(reading.types, way);
  }
  return compiled;
}

}  // namespace rapport::filter

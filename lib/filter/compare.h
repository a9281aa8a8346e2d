// SPDX-License-Identifier: Apache-2.0
// Whether a comparison holds for the values of a field. Pure, no allocation.
#pragma once

#include <optional>
#include <string_view>

#include "lib/filter/expression.h"

namespace rapport::filter {

template <typename T>
bool Compare(Comparator comparator, const T& left, const T& right) {
  switch (comparator) {
    case Comparator::kEqual:
    case Comparator::kHas:
      return left == right;
    case Comparator::kNotEqual:
      return left != right;
    case Comparator::kLess:
      return left < right;
    case Comparator::kLessEqual:
      return left <= right;
    case Comparator::kGreater:
      return left > right;
    case Comparator::kGreaterEqual:
      return left >= right;
  }
  return false;
}

// `pattern` may begin or end with * (AIP-160 wildcards).
bool TextIs(std::string_view text, std::string_view pattern);
// Whether `text` has `part` in it; letters of Latin, Greek and Cyrillic match in both cases.
bool ContainsText(std::string_view text, std::string_view part);

// Whether `value` compares as the test says; nullopt when the two cannot be compared (a
// truth with a number): the value then counts as not set.
std::optional<bool> Compares(const Test& test, Comparator comparator, const Value& value);

// read(nth) > Value: the field's values. The rule of expression.h for fields that are not
// set or have several values.
template <typename Read>
bool Holds(const Test& test, const Read& read) {
  const bool presence = std::holds_alternative<std::monostate>(test.operand);
  const bool negated = test.comparator == Comparator::kNotEqual;
  const Comparator comparator = negated ? Comparator::kEqual : test.comparator;
  bool any = false;
  for (size_t nth = 0; nth == 0 || test.ref.field->repeated; ++nth) {
    const Value value = read(nth);
    if (std::holds_alternative<std::monostate>(value)) break;
    const auto* text = std::get_if<std::string_view>(&value);
    if (test.ref.field->repeated && text != nullptr && text->empty()) continue;
    if (presence) return true;
    const std::optional<bool> compares = Compares(test, comparator, value);
    if (!compares.has_value()) continue;
    if (*compares) return !negated;
    any = true;
  }
  return negated && any;
}

}  // namespace rapport::filter

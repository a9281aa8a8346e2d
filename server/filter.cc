// SPDX-License-Identifier: Apache-2.0
#include "server/filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/filter_fields.h"
#include "server/filter_parser.h"

namespace rapport::server {
namespace {

constexpr size_t kMaxBytes = 4096;

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
bool TextIs(std::string_view text, std::string_view pattern) {
  const bool open_front = pattern.starts_with('*');
  const bool open_back = pattern.size() > 1 && pattern.ends_with('*');
  if (open_front) pattern.remove_prefix(1);
  if (open_back) pattern.remove_suffix(1);
  if (open_front && open_back) return text.find(pattern) != std::string_view::npos;
  if (open_front) return text.ends_with(pattern);
  return open_back ? text.starts_with(pattern) : text == pattern;
}

bool CompareText(Comparator comparator, std::string_view text, std::string_view pattern) {
  if (comparator == Comparator::kEqual || comparator == Comparator::kHas) {
    return TextIs(text, pattern);
  }
  if (comparator == Comparator::kNotEqual) return !TextIs(text, pattern);
  return Compare(comparator, text, pattern);
}

bool TestAttribute(const FilterTest& test, const v1::PropertyValue& value) {
  const std::string& literal = test.literal.text;
  switch (value.kind_case()) {
    case v1::PropertyValue::kStringValue:
      return CompareText(test.comparator, value.string_value(), literal);
    case v1::PropertyValue::kNumberValue: {
      double number = 0;
      return absl::SimpleAtod(literal, &number) &&
             Compare(test.comparator, value.number_value(), number);
    }
    case v1::PropertyValue::kBoolValue:
      return (literal == "true" || literal == "false") &&
             Compare(test.comparator, value.bool_value(), literal == "true");
    case v1::PropertyValue::kTimeValue: {
      auto time = ParseTime(literal);
      if (!time.ok()) {
        const auto day = ParseDate(literal);
        if (!day.ok()) return false;
        time = TimeMicros{*day} * kMicrosPerDay;
      }
      const TimeMicros known =
          value.time_value().seconds() * kMicrosPerSecond + value.time_value().nanos() / 1000;
      return Compare(test.comparator, known, *time);
    }
    case v1::PropertyValue::KIND_NOT_SET:
      return false;
  }
  return false;
}

bool RunTest(const FilterTest& test, const v1::Customer& customer, std::string_view base) {
  const bool presence = std::holds_alternative<std::monostate>(test.operand);
  if (test.field == kAttributeField) {
    const auto found = customer.attributes().find(test.attribute);
    if (found == customer.attributes().end()) return false;
    return presence || TestAttribute(test, found->second.value());
  }
  const FieldValue value = FilterFields()[test.field].read(customer, base);
  if (std::holds_alternative<std::monostate>(value)) return false;
  if (presence) return true;
  if (const auto* number = std::get_if<double>(&value)) {
    return Compare(test.comparator, *number, std::get<double>(test.operand));
  }
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    return Compare(test.comparator, *whole, std::get<int64_t>(test.operand));
  }
  return CompareText(test.comparator, std::get<std::string_view>(value),
                     std::get<std::string>(test.operand));
}

bool Run(const FilterNode& node, const v1::Customer& customer, std::string_view base) {
  const auto run = [&](const FilterNode& child) { return Run(child, customer, base); };
  switch (node.kind) {
    case FilterNode::Kind::kAnd:
      return std::ranges::all_of(node.children, run);
    case FilterNode::Kind::kOr:
      return std::ranges::any_of(node.children, run);
    case FilterNode::Kind::kNot:
      return !run(node.children.front());
    case FilterNode::Kind::kTest:
      return RunTest(node.test, customer, base);
  }
  return false;
}

}  // namespace

absl::StatusOr<Filter> Filter::Parse(std::string_view text, std::string_view base_currency) {
  Filter filter;
  filter.base_currency_ = base_currency;
  if (absl::StripAsciiWhitespace(ToAbsl(text)).empty()) return filter;
  if (text.size() > kMaxBytes) return InvalidField("filter", "TOO_LONG", "at most 4096 bytes");
  ASSIGN_OR_RETURN(filter.root_, ParseFilterText(text));
  filter.has_root_ = true;
  filter.NoteReads(filter.root_);
  return filter;
}

bool Filter::Matches(const v1::Customer& customer) const {
  return !has_root_ || Run(root_, customer, base_currency_);
}

void Filter::NoteReads(const FilterNode& node) {
  for (const FilterNode& child : node.children) NoteReads(child);
  if (node.kind != FilterNode::Kind::kTest) return;
  if (node.test.field == kAttributeField) {
    reads_attributes_ = true;
  } else {
    reads_summary_ |= FilterFields()[node.test.field].from_summary;
  }
}

}  // namespace rapport::server

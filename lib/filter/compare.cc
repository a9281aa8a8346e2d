// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/compare.h"

#include <string>

#include "absl/strings/numbers.h"
#include "lib/base/text.h"

namespace rapport::filter {
namespace {

// The code point at `at` in lower case, and its length. Broken bytes stand for themselves.
struct Letter {
  uint32_t code = 0;
  size_t length = 1;
};

uint32_t Lower(uint32_t code) {
  const auto within = [code](uint32_t first, uint32_t last) {
    return code >= first && code <= last;
  };
  if (within('A', 'Z') || (within(0xC0, 0xDE) && code != 0xD7)) return code + 0x20;
  if (within(0x0391, 0x03A9) || within(0x0410, 0x042F)) return code + 0x20;
  if (within(0x0400, 0x040F)) return code + 0x50;
  // Latin Extended-A: pairs, upper case first.
  if (within(0x0100, 0x0137) || within(0x014A, 0x0177)) return code | 1U;
  if ((within(0x0139, 0x0148) || within(0x0179, 0x017E)) && code % 2 == 1) return code + 1;
  return code;
}

Letter LetterAt(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {Lower(first), 1};
  const bool two_bytes = first >= 0xC2 && first < 0xE0 && at + 1 < text.size();
  if (!two_bytes) return {0x11'0000U + first, 1};
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if ((second & 0xC0U) != 0x80) return {0x11'0000U + first, 1};
  return {Lower((first & 0x1FU) << 6 | (second & 0x3FU)), 2};
}

bool BeginsWith(std::string_view text, size_t at, std::string_view part) {
  for (size_t i = 0; i < part.size();) {
    if (at >= text.size()) return false;
    const Letter wanted = LetterAt(part, i);
    const Letter found = LetterAt(text, at);
    if (wanted.code != found.code) return false;
    i += wanted.length;
    at += found.length;
  }
  return true;
}

bool CompareText(Comparator comparator, std::string_view text, std::string_view pattern) {
  if (comparator == Comparator::kEqual || comparator == Comparator::kHas) {
    return TextIs(text, pattern);
  }
  if (comparator == Comparator::kNotEqual) return !TextIs(text, pattern);
  return Compare(comparator, text, pattern);
}

std::optional<bool> CompareDynamic(Comparator comparator, const std::string& literal,
                                   const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return CompareText(comparator, *text, literal);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    double wanted = 0;
    if (!absl::SimpleAtod(literal, &wanted)) return std::nullopt;
    return Compare(comparator, *number, wanted);
  }
  if (const auto* truth = std::get_if<bool>(&value)) {
    if (literal != "true" && literal != "false") return std::nullopt;
    return Compare(comparator, *truth, literal == "true");
  }
  auto time = ParseTime(literal);
  if (!time.ok()) {
    const auto day = ParseDate(literal);
    if (!day.ok()) return std::nullopt;
    time = TimeMicros{*day} * kMicrosPerDay;
  }
  return Compare(comparator, std::get<int64_t>(value), int64_t{*time});
}

}  // namespace

bool TextIs(std::string_view text, std::string_view pattern) {
  const bool open_front = pattern.starts_with('*');
  const bool open_back = pattern.size() > 1 && pattern.ends_with('*');
  if (open_front) pattern.remove_prefix(1);
  if (open_back) pattern.remove_suffix(1);
  if (open_front && open_back) return text.find(pattern) != std::string_view::npos;
  if (open_front) return text.ends_with(pattern);
  return open_back ? text.starts_with(pattern) : text == pattern;
}

bool ContainsText(std::string_view text, std::string_view part) {
  for (size_t at = 0; at < text.size(); at += LetterAt(text, at).length) {
    if (BeginsWith(text, at, part)) return true;
  }
  return part.empty();
}

std::optional<bool> Compares(const Test& test, Comparator comparator, const Value& value) {
  const Field& field = *test.ref.field;
  if (field.type == FieldType::kDynamic) {
    return CompareDynamic(comparator, std::get<std::string>(test.operand), value);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return Compare(comparator, *number, std::get<double>(test.operand));
  }
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    return Compare(comparator, *whole, std::get<int64_t>(test.operand));
  }
  const std::string_view text = std::get<std::string_view>(value);
  const std::string& operand = std::get<std::string>(test.operand);
  if (field.type == FieldType::kVerbatim && comparator == Comparator::kHas) {
    return ContainsText(text, operand);
  }
  return CompareText(comparator, text, operand);
}

}  // namespace rapport::filter

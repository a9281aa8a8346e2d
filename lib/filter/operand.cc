// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/operand.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "lib/base/money.h"
#include "lib/base/text.h"
#include "lib/filter/words.h"

namespace rapport::filter {
namespace {

// Years 1 to 9999, as google.protobuf.Timestamp.
constexpr TimeMicros kMinTime = -62'135'596'800 * kMicrosPerSecond;
constexpr TimeMicros kMaxTime = 253'402'300'800 * kMicrosPerSecond - 1;

std::string Listed(const std::vector<std::string>& words) { return absl::StrJoin(words, ", "); }

// The words that `text` may have meant: a short list whole, else the nearest.
std::string WordHint(const WordList& list, std::string_view text) {
  constexpr size_t kShort = 16;
  std::vector<std::string_view> words;
  for (const Word& word : list.words) words.push_back(word.text);
  if (words.size() <= kShort) return Cat("; it is one of ", Listed({words.begin(), words.end()}));
  const std::vector<std::string> near = NearestWords(text, words);
  return near.empty() ? std::string() : Cat("; did you mean ", Listed(near), "?");
}

absl::Status ReadWord(const Token& literal, Test& test) {
  const WordList& list = *test.ref.field->words;
  const auto number = NumberOf(list, literal.text);
  if (!number.has_value()) {
    return BadFilter(literal.position, Cat("no ", test.ref.field->path, " is called ", literal.text,
                                           WordHint(list, literal.text)));
  }
  test.operand = *number;
  return absl::OkStatus();
}

bool IsCustomTypeName(std::string_view text) {
  constexpr size_t kMaxNameBytes = 64;
  return !text.empty() && text.size() <= kMaxNameBytes && std::ranges::all_of(text, [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_' || c == '.';
  });
}

// A standard word in its canonical form; a custom name or a pattern as it is.
absl::Status ReadTypeName(const Token& literal, const Names* names, Test& test) {
  const WordList& list = *test.ref.field->words;
  if (const auto number = NumberOf(list, literal.text); number.has_value()) {
    test.operand = std::string(WordOf(list, *number));
    return absl::OkStatus();
  }
  std::string_view body = literal.text;
  const bool pattern = body.starts_with('*') || body.ends_with('*');
  if (body.starts_with('*')) body.remove_prefix(1);
  if (body.ends_with('*')) body.remove_suffix(1);
  const bool known = pattern
                         ? body.empty() || IsCustomTypeName(body)
                         : IsCustomTypeName(body) &&
                               (names == nullptr || names->Find(NameKind::kCustomType, body) != 0);
  if (!known) {
    return BadFilter(literal.position,
                     Cat("no event type is called ", literal.text, WordHint(list, literal.text)));
  }
  test.operand = literal.text;
  return absl::OkStatus();
}

absl::Status ReadCurrency(const Token& literal, Test& test) {
  std::string code = absl::AsciiStrToUpper(literal.text);
  if (!PackCurrency(code).ok()) {
    return BadFilter(literal.position, "write a currency such as EUR");
  }
  test.operand = std::move(code);
  return absl::OkStatus();
}

absl::Status ReadTime(const Token& literal, const Calendar& calendar, Test& test) {
  const bool is_event = test.ref.field->read_customer == nullptr;
  if (const auto time = ParseTime(literal.text); time.ok()) {
    if (*time < kMinTime || *time > kMaxTime) {
      return BadFilter(literal.position, "write a time between the years 1 and 9999");
    }
    test.operand = int64_t{*time};
    return absl::OkStatus();
  }
  const auto day = ParseDate(literal.text);
  if (!day.ok()) return BadFilter(literal.position, "write a time as 2026-01-31 or RFC 3339");
  test.operand = is_event ? int64_t{calendar.StartOf(*day)} : int64_t{*day} * kMicrosPerDay;
  return absl::OkStatus();
}

absl::Status ReadDate(const Token& literal, Test& test) {
  const auto day = ParseDate(literal.text);
  if (!day.ok()) return BadFilter(literal.position, "write a date as 2026-01-31");
  test.operand = int64_t{*day};
  return absl::OkStatus();
}

absl::Status ReadMoney(const Token& literal, Test& test) {
  const auto micros = ParseMoney(literal.text);
  if (!micros.ok()) return BadFilter(literal.position, "write an amount such as 99.50");
  test.operand = int64_t{*micros};
  return absl::OkStatus();
}

absl::Status ReadNumber(const Token& literal, Test& test) {
  double number = 0;
  if (!absl::SimpleAtod(literal.text, &number) || !std::isfinite(number)) {
    return BadFilter(literal.position, "write a number");
  }
  test.operand = number == 0 ? 0.0 : number;  // One zero, so that equal texts are equal.
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadOperand(const Token& literal, const Context& context, Test& test) {
  const bool presence = test.comparator == Comparator::kHas && literal.text == "*" &&
                        literal.kind == Token::Kind::kWord;
  if (presence) {
    test.operand = std::monostate();
    return absl::OkStatus();
  }
  switch (test.ref.field->type) {
    case FieldType::kWord:
      return ReadWord(literal, test);
    case FieldType::kTypeName:
      return ReadTypeName(literal, context.names, test);
    case FieldType::kCurrency:
      return ReadCurrency(literal, test);
    case FieldType::kTime:
      return ReadTime(literal, context.calendar, test);
    case FieldType::kDate:
      return ReadDate(literal, test);
    case FieldType::kMoney:
      return ReadMoney(literal, test);
    case FieldType::kNumber:
      return ReadNumber(literal, test);
    case FieldType::kText:
    case FieldType::kVerbatim:
    case FieldType::kDynamic:
      break;
  }
  test.operand = literal.text;
  return absl::OkStatus();
}

absl::Status CheckComparator(const Token& comparator, const Test& test) {
  const bool orders =
      test.comparator >= Comparator::kLess && test.comparator <= Comparator::kGreaterEqual;
  const Field& field = *test.ref.field;
  const bool ordered = field.type != FieldType::kTypeName && field.type != FieldType::kCurrency &&
                       (field.type != FieldType::kWord || field.words->ordered);
  if (!orders || ordered) return absl::OkStatus();
  return BadFilter(comparator.position, Cat(field.path, " has no order, write one of = != :"));
}

}  // namespace rapport::filter

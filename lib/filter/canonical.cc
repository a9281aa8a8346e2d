// SPDX-License-Identifier: Apache-2.0
// The canonical text of expressions.
#include <array>
#include <charconv>
#include <string>

#include "lib/base/money.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "lib/filter/lexer.h"
#include "lib/filter/words.h"

namespace rapport::filter {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// Shortest decimal that reads back as the same number.
std::string Shortest(double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), end.ptr};
}

std::string_view Symbol(Comparator comparator) {
  constexpr std::array<std::string_view, 7> kSymbols = {
      " = ", " != ", " < ", " <= ", " > ", " >= ", ":"};
  return kSymbols[static_cast<size_t>(comparator)];
}

std::string FieldText(const FieldRef& ref) {
  if (!ref.field->dynamic) return ref.field->path;
  const bool plain = IsPlainWord(ref.key) && ref.key.back() != '.';
  return Cat(ref.field->path, plain ? ref.key : Quoted(ref.key));
}

std::string TextOf(const Field& field, const std::string& text) {
  const bool word = field.type == FieldType::kTypeName || field.type == FieldType::kCurrency;
  return word && IsPlainWord(text) && !IsKeyword(text) && text != "*" ? text : Quoted(text);
}

std::string OperandText(const Test& test) {
  const Field& field = *test.ref.field;
  if (std::holds_alternative<std::monostate>(test.operand)) return "*";
  if (const auto* number = std::get_if<double>(&test.operand)) return Shortest(*number);
  if (const auto* text = std::get_if<std::string>(&test.operand)) return TextOf(field, *text);
  const int64_t whole = std::get<int64_t>(test.operand);
  switch (field.type) {
    case FieldType::kMoney:
      return FormatMoney(whole);
    case FieldType::kTime:
      return FormatTime(whole);
    case FieldType::kDate:
      return FormatDate(static_cast<CivilDays>(whole));
    default:
      return std::string(WordOf(*field.words, whole));
  }
}

// Whether both can stand in one list of values.
bool Listable(const Node& a, const Node& b) {
  if (a.kind != Node::Kind::kTest || b.kind != Node::Kind::kTest) return false;
  const bool comparator =
      a.test.comparator == Comparator::kEqual || a.test.comparator == Comparator::kHas;
  return comparator && a.test.comparator == b.test.comparator && a.test.ref == b.test.ref;
}

std::string Write(const Node& node);

// The end of the run of children from `begin` on that can stand in one list.
size_t RunEnd(const std::vector<Node>& children, size_t begin) {
  size_t end = begin + 1;
  while (end < children.size() && Listable(children[begin], children[end])) ++end;
  return end;
}

std::string WriteList(const std::vector<Node>& children, size_t begin, size_t end) {
  const Test& first = children[begin].test;
  std::string text = Cat(FieldText(first.ref), Symbol(first.comparator), "(");
  for (size_t i = begin; i < end; ++i) {
    text += Cat(i == begin ? "" : " OR ", OperandText(children[i].test));
  }
  return text + ")";
}

std::string WriteOr(const std::vector<Node>& children) {
  std::string text;
  for (size_t i = 0; i < children.size();) {
    const size_t end = RunEnd(children, i);
    if (i > 0) text += " OR ";
    const bool grouped = children[i].kind == Node::Kind::kAnd;
    text += end > i + 1 ? WriteList(children, i, end)
                        : Cat(grouped ? "(" : "", Write(children[i]), grouped ? ")" : "");
    i = end;
  }
  return text;
}

std::string WriteNot(const Node& inner) {
  const bool one_list =
      inner.kind == Node::Kind::kOr && RunEnd(inner.children, 0) == inner.children.size();
  const bool bare = inner.kind == Node::Kind::kTest || one_list;
  return Cat("NOT ", bare ? "" : "(", Write(inner), bare ? "" : ")");
}

std::string Write(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kTest:
      return Cat(FieldText(node.test.ref), Symbol(node.test.comparator), OperandText(node.test));
    case Node::Kind::kNot:
      return WriteNot(node.children.front());
    case Node::Kind::kOr:
      return WriteOr(node.children);
    case Node::Kind::kAnd:
      break;
  }
  std::string text;
  for (const Node& child : node.children) text += Cat(text.empty() ? "" : " AND ", Write(child));
  return text;
}

}  // namespace

std::string Expression::ToString() const { return empty() ? std::string() : Write(parsed_->root); }

}  // namespace rapport::filter

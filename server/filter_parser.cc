// SPDX-License-Identifier: Apache-2.0
#include "server/filter_parser.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/money.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "server/filter_fields.h"

namespace rapport::server {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::string_view kAttributePrefix = "attributes.";

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kQuoted, kOpen, kClose, kComparator, kMinus };
  Kind kind = Kind::kEnd;
  std::string text;
  size_t position = 0;  // From 1, in bytes.
};

absl::Status BadFilter(size_t position, std::string_view text,
                       std::string_view reason = "BAD_FILTER") {
  return InvalidField("filter", reason, Cat("at position ", position, ": ", text));
}

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' ||
         c == '+' || c == '*' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
}

// Words may hold ':' only in literals such as times, which come after a comparator.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  absl::StatusOr<Token> Next(bool literal) {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    Token token{Token::Kind::kEnd, "", at_ + 1};
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '"' || c == '\'') return Quoted(std::move(token));
    if (c == '(' || c == ')') {
      ++at_;
      token.kind = c == '(' ? Token::Kind::kOpen : Token::Kind::kClose;
      return token;
    }
    if (!literal && std::string_view("=!<>:").find(c) != std::string_view::npos) {
      return Comparison(std::move(token));
    }
    if (!literal && c == '-') {
      ++at_;
      token.kind = Token::Kind::kMinus;
      return token;
    }
    token.kind = Token::Kind::kWord;
    while (at_ < text_.size() && (IsWordByte(text_[at_]) || (literal && text_[at_] == ':'))) {
      token.text += text_[at_++];
    }
    if (token.text.empty()) return BadFilter(token.position, "unexpected character");
    return token;
  }

 private:
  absl::StatusOr<Token> Quoted(Token token) {
    const char quote = text_[at_++];
    token.kind = Token::Kind::kQuoted;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      token.text += text_[at_++];
    }
    if (at_ == text_.size()) return BadFilter(token.position, "the quoted text has no end");
    ++at_;
    return token;
  }

  absl::StatusOr<Token> Comparison(Token token) {
    token.kind = Token::Kind::kComparator;
    token.text = text_[at_++];
    const bool takes_equal = token.text != "=" && token.text != ":";
    if (takes_equal && at_ < text_.size() && text_[at_] == '=') token.text += text_[at_++];
    if (token.text == "!") return BadFilter(token.position, "write != or NOT");
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Comparator ComparatorOf(std::string_view text) {
  if (text == "=") return Comparator::kEqual;
  if (text == "!=") return Comparator::kNotEqual;
  if (text == "<") return Comparator::kLess;
  if (text == "<=") return Comparator::kLessEqual;
  if (text == ">") return Comparator::kGreater;
  return text == ">=" ? Comparator::kGreaterEqual : Comparator::kHas;
}

absl::Status ReadStage(const Token& literal, FilterTest& test) {
  constexpr std::string_view kPrefix = "LIFECYCLE_STAGE_";
  std::string name = absl::AsciiStrToUpper(literal.text);
  if (!name.starts_with(kPrefix)) name.insert(0, kPrefix);
  v1::LifecycleStage stage;
  if (!v1::LifecycleStage_Parse(name, &stage)) {
    return BadFilter(literal.position, Cat("no lifecycle stage is called ", literal.text));
  }
  test.operand = static_cast<double>(stage);
  return absl::OkStatus();
}

absl::Status ReadTime(const Token& literal, FilterTest& test) {
  if (const auto time = ParseTime(literal.text); time.ok()) {
    test.operand = int64_t{*time};
    return absl::OkStatus();
  }
  const auto day = ParseDate(literal.text);
  if (!day.ok()) return BadFilter(literal.position, "write a time as 2026-01-31 or RFC 3339");
  test.operand = int64_t{*day} * kMicrosPerDay;
  return absl::OkStatus();
}

// Reads the literal as the field's type demands.
absl::Status ReadOperand(const Token& literal, FilterTest& test) {
  test.literal = {literal.text, literal.kind == Token::Kind::kQuoted};
  const bool presence = test.comparator == Comparator::kHas && literal.text == "*" &&
                        literal.kind == Token::Kind::kWord;
  if (presence) return absl::OkStatus();  // The operand stays empty.
  if (test.field == kAttributeField) {
    test.operand = literal.text;
    return absl::OkStatus();
  }
  switch (FilterFields()[test.field].type) {
    case FieldType::kStage:
      return ReadStage(literal, test);
    case FieldType::kTime:
      return ReadTime(literal, test);
    case FieldType::kText:
      test.operand = literal.text;
      return absl::OkStatus();
    case FieldType::kMoney: {
      const auto micros = ParseMoney(literal.text);
      if (!micros.ok()) return BadFilter(literal.position, "write an amount such as 99.50");
      test.operand = int64_t{*micros};
      return absl::OkStatus();
    }
    case FieldType::kNumber:
      break;
  }
  double number = 0;
  if (!absl::SimpleAtod(literal.text, &number)) {
    return BadFilter(literal.position, "write a number");
  }
  test.operand = number;
  return absl::OkStatus();
}

absl::Status FindField(const Token& token, FilterTest& test) {
  if (token.text.starts_with(kAttributePrefix) && token.text.size() > kAttributePrefix.size()) {
    test.field = kAttributeField;
    test.attribute = token.text.substr(kAttributePrefix.size());
    return absl::OkStatus();
  }
  const auto fields = FilterFields();
  for (test.field = 0; test.field < fields.size(); ++test.field) {
    if (fields[test.field].name == token.text) return absl::OkStatus();
  }
  return BadFilter(token.position, Cat("there is no field ", token.text), "UNKNOWN_FIELD");
}

// expression = sequence {AND sequence}; sequence = factor {factor};
// factor = term {OR term}; term = [NOT | -] (test | "(" expression ")").
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  absl::StatusOr<FilterNode> ParseAll() {
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(FilterNode root, Expression(0));
    if (token_.kind != Token::Kind::kEnd) return BadFilter(token_.position, "unexpected text");
    return root;
  }

 private:
  absl::Status Advance(bool literal = false) {
    ASSIGN_OR_RETURN(token_, lexer_.Next(literal));
    return absl::OkStatus();
  }
  bool IsWord(std::string_view word) const {
    return token_.kind == Token::Kind::kWord && token_.text == word;
  }
  bool StartsTerm() const {
    return token_.kind == Token::Kind::kOpen || token_.kind == Token::Kind::kMinus ||
           (token_.kind == Token::Kind::kWord && token_.text != "AND" && token_.text != "OR");
  }
  static FilterNode Group(FilterNode::Kind kind, std::vector<FilterNode> children) {
    if (children.size() == 1) return std::move(children.front());
    FilterNode node;
    node.kind = kind;
    node.children = std::move(children);
    return node;
  }

  absl::StatusOr<FilterNode> Expression(int depth) {
    if (depth > kMaxDepth) return BadFilter(token_.position, "nested too deeply");
    std::vector<FilterNode> all;
    while (true) {
      ASSIGN_OR_RETURN(FilterNode factor, Factor(depth));
      all.push_back(std::move(factor));
      if (IsWord("AND")) {
        RETURN_IF_ERROR(Advance());
      } else if (!StartsTerm()) {
        return Group(FilterNode::Kind::kAnd, std::move(all));
      }
    }
  }

  absl::StatusOr<FilterNode> Factor(int depth) {
    std::vector<FilterNode> any;
    while (true) {
      ASSIGN_OR_RETURN(FilterNode term, Term(depth));
      any.push_back(std::move(term));
      if (!IsWord("OR")) return Group(FilterNode::Kind::kOr, std::move(any));
      RETURN_IF_ERROR(Advance());
    }
  }

  absl::StatusOr<FilterNode> Term(int depth) {
    if (IsWord("NOT") || token_.kind == Token::Kind::kMinus) {
      RETURN_IF_ERROR(Advance());
      ASSIGN_OR_RETURN(FilterNode inner, Simple(depth));
      FilterNode node;
      node.kind = FilterNode::Kind::kNot;
      node.children.push_back(std::move(inner));
      return node;
    }
    return Simple(depth);
  }

  absl::StatusOr<FilterNode> Simple(int depth) {
    if (token_.kind != Token::Kind::kOpen) return Test();
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(FilterNode inner, Expression(depth + 1));
    if (token_.kind != Token::Kind::kClose) return BadFilter(token_.position, "expected )");
    RETURN_IF_ERROR(Advance());
    return inner;
  }

  absl::StatusOr<FilterNode> Test() {
    if (token_.kind != Token::Kind::kWord || IsWord("AND") || IsWord("OR") || IsWord("NOT")) {
      return BadFilter(token_.position, "expected a field");
    }
    FilterNode node;
    RETURN_IF_ERROR(FindField(token_, node.test));
    RETURN_IF_ERROR(Advance());
    if (token_.kind != Token::Kind::kComparator) {
      return BadFilter(token_.position, "expected one of = != < <= > >= :");
    }
    node.test.comparator = ComparatorOf(token_.text);
    RETURN_IF_ERROR(Advance(/*literal=*/true));
    if (token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kQuoted) {
      return BadFilter(token_.position, "expected a value");
    }
    RETURN_IF_ERROR(ReadOperand(token_, node.test));
    RETURN_IF_ERROR(Advance());
    return node;
  }

  Lexer lexer_;
  Token token_;
};

}  // namespace

absl::StatusOr<FilterNode> ParseFilterText(std::string_view text) {
  return Parser(text).ParseAll();
}

}  // namespace rapport::server

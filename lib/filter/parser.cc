// SPDX-License-Identifier: Apache-2.0
// From filter text to a tree, by recursive descent over AIP-160's grammar:
//   expression = sequence {AND sequence}; sequence = factor {factor};
//   factor = term {OR term}; term = [NOT | -] (test | "(" expression ")");
//   test = field comparator (value | "(" values ")"), and values as an expression with
//   values in place of tests.
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/filter/expression.h"
#include "lib/filter/lexer.h"
#include "lib/filter/operand.h"

namespace rapport::filter {
namespace {

Comparator ComparatorOf(std::string_view text) {
  if (text == "=") return Comparator::kEqual;
  if (text == "!=") return Comparator::kNotEqual;
  if (text == "<") return Comparator::kLess;
  if (text == "<=") return Comparator::kLessEqual;
  if (text == ">") return Comparator::kGreater;
  return text == ">=" ? Comparator::kGreaterEqual : Comparator::kHas;
}

// One node of that kind; groups of the same kind within it become part of it.
Node Group(Node::Kind kind, std::vector<Node> children) {
  if (children.size() == 1) return std::move(children.front());
  Node node;
  node.kind = kind;
  for (Node& child : children) {
    if (child.kind == kind) {
      std::ranges::move(child.children, std::back_inserter(node.children));
    } else {
      node.children.push_back(std::move(child));
    }
  }
  return node;
}

Node Not(Node inner) {
  if (inner.kind == Node::Kind::kNot) {
    Node twice = std::move(inner.children.front());
    return twice;
  }
  Node node;
  node.kind = Node::Kind::kNot;
  node.children.push_back(std::move(inner));
  return node;
}

class Parser {
 public:
  Parser(std::string_view text, const Catalogue& catalogue, const Context& context)
      : lexer_(text), catalogue_(catalogue), context_(context) {}

  absl::StatusOr<Node> ParseAll() {
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(Node root, Expression(0));
    if (token_.kind != Token::Kind::kEnd) return BadFilter(token_.position, "unexpected text");
    return root;
  }

 private:
  // While a list of values is read, `values_` is the test they belong to.
  absl::Status Advance() {
    ASSIGN_OR_RETURN(token_, lexer_.Next(values_ == nullptr ? Expected::kField : Expected::kValue));
    return absl::OkStatus();
  }
  bool IsWord(std::string_view word) const {
    return token_.kind == Token::Kind::kWord && token_.text == word;
  }
  bool StartsTerm() const {
    return token_.kind == Token::Kind::kOpen || token_.kind == Token::Kind::kMinus ||
           (values_ != nullptr && token_.kind == Token::Kind::kQuoted) ||
           (token_.kind == Token::Kind::kWord && token_.text != "AND" && token_.text != "OR");
  }

  absl::StatusOr<Node> Expression(int depth) {
    if (depth > kMaxDepth) return BadFilter(token_.position, "nested too deeply");
    std::vector<Node> all;
    while (true) {
      ASSIGN_OR_RETURN(Node factor, Factor(depth));
      all.push_back(std::move(factor));
      if (IsWord("AND")) {
        RETURN_IF_ERROR(Advance());
      } else if (!StartsTerm()) {
        return Group(Node::Kind::kAnd, std::move(all));
      }
    }
  }

  absl::StatusOr<Node> Factor(int depth) {
    std::vector<Node> any;
    while (true) {
      ASSIGN_OR_RETURN(Node term, Term(depth));
      any.push_back(std::move(term));
      if (!IsWord("OR")) return Group(Node::Kind::kOr, std::move(any));
      RETURN_IF_ERROR(Advance());
    }
  }

  absl::StatusOr<Node> Term(int depth) {
    if (!IsWord("NOT") && token_.kind != Token::Kind::kMinus) return Simple(depth);
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(Node inner, Simple(depth));
    return Not(std::move(inner));
  }

  absl::StatusOr<Node> Simple(int depth) {
    if (token_.kind != Token::Kind::kOpen) {
      return values_ == nullptr ? Comparison(depth) : OneValue(*values_);
    }
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(Node inner, Expression(depth + 1));
    if (token_.kind != Token::Kind::kClose) return BadFilter(token_.position, "expected )");
    RETURN_IF_ERROR(Advance());
    return inner;
  }

  absl::Status FindField(Test& test) {
    std::string_view key;
    test.ref.field = catalogue_.Find(token_.text, &key);
    test.ref.key = std::string(key);
    if (test.ref.field != nullptr) return absl::OkStatus();
    std::string text = Cat("there is no field ", token_.text);
    const std::vector<std::string> near = catalogue_.Nearest(token_.text);
    if (!near.empty()) text += Cat("; did you mean ", absl::StrJoin(near, ", "), "?");
    for (const Field& field : catalogue_.fields()) {
      if (near.empty() && field.dynamic) text += Cat("; one of your own is ", field.path, "KEY");
    }
    return BadFilter(token_.position, text, "UNKNOWN_FIELD");
  }

  absl::StatusOr<Node> Comparison(int depth) {
    if (token_.kind != Token::Kind::kWord || IsKeyword(token_.text)) {
      return BadFilter(token_.position, "expected a field");
    }
    Test test;
    RETURN_IF_ERROR(FindField(test));
    RETURN_IF_ERROR(Advance());
    if (token_.kind != Token::Kind::kComparator) {
      return BadFilter(token_.position, "expected one of = != < <= > >= :");
    }
    test.comparator = ComparatorOf(token_.text);
    RETURN_IF_ERROR(CheckComparator(token_, test));
    values_ = &test;
    RETURN_IF_ERROR(Advance());
    if (token_.kind == Token::Kind::kOpen) return ValueList(depth, test);
    values_ = nullptr;  // What comes after the value is a term again.
    return OneValue(test);
  }

  // `field = (a OR b)`: the comparison with each.
  absl::StatusOr<Node> ValueList(int depth, const Test& test) {
    if (test.comparator != Comparator::kEqual && test.comparator != Comparator::kHas) {
      return BadFilter(token_.position,
                       test.comparator == Comparator::kNotEqual
                           ? "several values need = or :, write NOT field = (a OR b)"
                           : "several values need = or :");
    }
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(Node values, Expression(depth + 1));
    if (token_.kind != Token::Kind::kClose) return BadFilter(token_.position, "expected )");
    values_ = nullptr;
    RETURN_IF_ERROR(Advance());
    return values;
  }

  // `model` has all but the operand.
  absl::StatusOr<Node> OneValue(const Test& model) {
    const bool in_list = values_ != nullptr;
    if ((token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kQuoted) ||
        (in_list && token_.kind == Token::Kind::kWord && IsKeyword(token_.text))) {
      return BadFilter(token_.position, "expected a value");
    }
    if (++tests_ > kMaxTests) return BadFilter(token_.position, "more than 512 comparisons");
    Node node;
    node.test = model;
    RETURN_IF_ERROR(ReadOperand(token_, context_, node.test));
    RETURN_IF_ERROR(Advance());
    return node;
  }

  Lexer lexer_;
  const Catalogue& catalogue_;
  const Context& context_;
  Token token_;
  const Test* values_ = nullptr;
  size_t tests_ = 0;
};

// The error about the request's field.
absl::Status NameField(const absl::Status& status, const std::string& field) {
  const auto detail = DetailOf(status);
  constexpr std::string_view kOwn = "filter: ";
  return InvalidField(field, detail.has_value() ? detail->reason : "BAD_FILTER",
                      FromAbsl(status.message()).substr(kOwn.size()));
}

}  // namespace

absl::StatusOr<Expression> Parse(std::string_view text, const Catalogue& catalogue,
                                 const Context& context) {
  if (absl::StripAsciiWhitespace(ToAbsl(text)).empty()) return Expression();
  if (text.size() > context.max_bytes) {
    return InvalidField(context.field, "TOO_LONG", Cat("at most ", context.max_bytes, " bytes"));
  }
  absl::StatusOr<Node> root = Parser(text, catalogue, context).ParseAll();
  if (!root.ok()) return NameField(root.status(), context.field);
  return Expression(*std::move(root), context.base_currency, context.calendar);
}

}  // namespace rapport::filter

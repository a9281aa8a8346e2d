// SPDX-License-Identifier: Apache-2.0
#include "lib/filter/lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::filter {
namespace {

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-' ||
         c == '+' || c == '*' || c == '@' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsQuote(char c) { return c == '"' || c == '\''; }

}  // namespace

absl::Status BadFilter(size_t position, std::string_view text, std::string_view reason) {
  return InvalidField("filter", reason, Cat("at position ", position, ": ", text));
}

bool IsPlainWord(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, IsWordByte);
}

bool IsKeyword(std::string_view text) { return text == "AND" || text == "OR" || text == "NOT"; }

absl::StatusOr<Token> Lexer::Next(Expected expected) {
  while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  Token token{Token::Kind::kEnd, "", at_ + 1};
  if (at_ == text_.size()) return token;
  const char c = text_[at_];
  if (IsQuote(c)) return Quoted(std::move(token));
  if (c == '(' || c == ')') {
    ++at_;
    token.kind = c == '(' ? Token::Kind::kOpen : Token::Kind::kClose;
    return token;
  }
  if (expected == Expected::kField && std::string_view("=!<>:").find(c) != std::string_view::npos) {
    return Comparison(std::move(token));
  }
  if (expected == Expected::kField && c == '-') {
    ++at_;
    token.kind = Token::Kind::kMinus;
    return token;
  }
  return Word(std::move(token), expected);
}

absl::StatusOr<Token> Lexer::Word(Token token, Expected expected) {
  token.kind = Token::Kind::kWord;
  while (at_ < text_.size() &&
         (IsWordByte(text_[at_]) || (expected == Expected::kValue && text_[at_] == ':'))) {
    token.text += text_[at_++];
  }
  if (token.text.empty()) return BadFilter(token.position, "unexpected character");
  // A key that is no plain word stands in quotes: property."cart size".
  const bool quoted_key = expected == Expected::kField && token.text.back() == '.' &&
                          at_ < text_.size() && IsQuote(text_[at_]);
  if (!quoted_key) return token;
  ASSIGN_OR_RETURN(const Token key, Quoted({Token::Kind::kQuoted, "", at_ + 1}));
  token.text += key.text;
  return token;
}

absl::StatusOr<Token> Lexer::Quoted(Token token) {
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

absl::StatusOr<Token> Lexer::Comparison(Token token) {
  token.kind = Token::Kind::kComparator;
  token.text = text_[at_++];
  const bool takes_equal = token.text != "=" && token.text != ":";
  if (takes_equal && at_ < text_.size() && text_[at_] == '=') token.text += text_[at_++];
  if (token.text == "!") return BadFilter(token.position, "write != or NOT");
  return token;
}

}  // namespace rapport::filter

// SPDX-License-Identifier: Apache-2.0
// Tokens of filter texts. Used by the parser only. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rapport::filter {

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kQuoted, kOpen, kClose, kComparator, kMinus };
  Kind kind = Kind::kEnd;
  std::string text;
  size_t position = 0;  // From 1, in bytes.
};

// What a token may be: values hold ':' (times) and begin with '-' (numbers).
enum class Expected : uint8_t { kField, kValue };

// Errors name no request field yet: their message is `at position N: text`.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  absl::StatusOr<Token> Next(Expected expected);

 private:
  absl::StatusOr<Token> Quoted(Token token);
  absl::StatusOr<Token> Comparison(Token token);
  absl::StatusOr<Token> Word(Token token, Expected expected);

  std::string_view text_;
  size_t at_ = 0;
};

// Whether all of it could stand in a text without quotes.
bool IsPlainWord(std::string_view text);
// AND, OR, NOT.
bool IsKeyword(std::string_view text);

// InvalidArgument to which Parse adds the request's field.
absl::Status BadFilter(size_t position, std::string_view text,
                       std::string_view reason = "BAD_FILTER");

}  // namespace rapport::filter

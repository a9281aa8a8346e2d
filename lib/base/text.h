// SPDX-License-Identifier: Apache-2.0
// Text at the border between std::string_view (ours) and absl::string_view
// (Debian's Abseil keeps its own type, without conversions).
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rapport {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

namespace text_internal {
inline absl::string_view Piece(std::string_view text) { return ToAbsl(text); }
inline absl::string_view Piece(const std::string& text) { return {text.data(), text.size()}; }
inline absl::string_view Piece(const char* text) { return text; }
inline absl::string_view Piece(bool value) { return value ? "true" : "false"; }
inline absl::string_view Piece(absl::string_view text) { return text; }
template <typename T>
requires std::integral<T> || std::floating_point<T>
inline T Piece(T value) { return value; }
}  // namespace text_internal

// The pieces one after another; numbers as absl::StrCat prints them.
template <typename... Pieces>
std::string Cat(const Pieces&... pieces) {
  return absl::StrCat(text_internal::Piece(pieces)...);
}

// Hash for string keys that can be looked up by std::string_view without a copy.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const {
    return absl::Hash<absl::string_view>()(ToAbsl(text));
  }
};
template <typename Value>
using TextMap = absl::flat_hash_map<std::string, Value, TextHash, std::equal_to<>>;
using TextSet = absl::flat_hash_set<std::string, TextHash, std::equal_to<>>;

}  // namespace rapport

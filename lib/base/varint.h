// SPDX-License-Identifier: Apache-2.0
// Variable-length and fixed integers for stored bytes: LEB128 varints, zigzag for
// signed, big-endian fixed where order matters. Readers never read past the end:
// they return false (broken bytes) and leave the view where it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rapport {

inline void PutVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}
inline void PutSigned(std::string& out, int64_t value) { PutVarint(out, ZigZag(value)); }

[[nodiscard]] inline bool GetVarint(std::string_view& in, uint64_t& value) {
  uint64_t result = 0;
  for (size_t i = 0; i < in.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(in[i]);
    result |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      in.remove_prefix(i + 1);
      value = result;
      return true;
    }
  }
  return false;
}
[[nodiscard]] inline bool GetSigned(std::string_view& in, int64_t& value) {
  uint64_t raw = 0;
  if (!GetVarint(in, raw)) return false;
  value = UnZigZag(raw);
  return true;
}

// Length-prefixed bytes.
inline void PutBytes(std::string& out, std::string_view bytes) {
  PutVarint(out, bytes.size());
  out.append(bytes);
}
[[nodiscard]] inline bool GetBytes(std::string_view& in, std::string_view& bytes) {
  std::string_view rest = in;
  uint64_t size = 0;
  if (!GetVarint(rest, size) || size > rest.size()) return false;
  bytes = rest.substr(0, size);
  in = rest.substr(size);
  return true;
}

template <typename Int>
void PutBigEndian(std::string& out, Int value) {
  for (int shift = static_cast<int>(sizeof(Int)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}
template <typename Int>
[[nodiscard]] bool GetBigEndian(std::string_view& in, Int& value) {
  if (in.size() < sizeof(Int)) return false;
  uint64_t result = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) result = (result << 8) | static_cast<uint8_t>(in[i]);
  in.remove_prefix(sizeof(Int));
  value = static_cast<Int>(result);
  return true;
}

}  // namespace rapport

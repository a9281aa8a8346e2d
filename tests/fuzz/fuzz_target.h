// SPDX-License-Identifier: Apache-2.0
// What every fuzz target defines. A finding is a crash, a sanitizer report or an abort by
// Require(): decoders must answer any bytes with a value or an error, and what they accept
// must come back the same when it is encoded and decoded again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace rapport::fuzz {

// Valid inputs to start from.
std::vector<std::string> SeedInputs();

inline std::string_view AsText(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace rapport::fuzz

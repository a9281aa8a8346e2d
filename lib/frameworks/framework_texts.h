// SPDX-License-Identifier: Apache-2.0
// The files of lib/frameworks/data, embedded at build time (embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace rapport::frameworks {

struct FrameworkText {
  std::string_view file;
  std::string_view text;
};
// In the order of file names.
std::span<const FrameworkText> FrameworkTexts();

}  // namespace rapport::frameworks

// SPDX-License-Identifier: Apache-2.0
// The files of lib/metrics/data, embedded at build time (embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace rapport::metrics {

struct DefinitionText {
  std::string_view file;
  std::string_view text;
};
// In the order of file names.
std::span<const DefinitionText> DefinitionTexts();

}  // namespace rapport::metrics

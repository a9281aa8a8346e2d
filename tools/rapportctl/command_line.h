// SPDX-License-Identifier: Apache-2.0
// Reads a command line against the action table. Flags may stand anywhere and are
// written `--name=value`, `--name value` or `--switch`; `--` ends them. Mistakes are
// InvalidArgument with a suggestion where one is near.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/text.h"
#include "tools/rapportctl/action.h"

namespace rapport::ctl {

struct CommandLine {
  const Action* action = nullptr;  // Null when only help is asked for.
  bool help = false;
  std::vector<std::string> words;      // The command's words as given, for help.
  std::vector<std::string> arguments;  // Positional.
  TextMap<std::vector<std::string>> flags;
};

// `words` without the program's name.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words);

// The action of exactly this path, or null.
const Action* FindAction(std::string_view path);

}  // namespace rapport::ctl

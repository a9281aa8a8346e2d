// SPDX-License-Identifier: Apache-2.0
// Texts made from the action table: help for people, docs/cli.md, shell completion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// Help for what the words name: everything, a group, or one action.
std::string HelpText(const std::vector<std::string>& words, const Terminal& terminal);
// The whole reference as Markdown: docs/cli.md.
std::string HelpMarkdown();
// A completion script. InvalidArgument unless `shell` is bash or zsh.
absl::StatusOr<std::string> CompletionScript(std::string_view shell);

}  // namespace rapport::ctl

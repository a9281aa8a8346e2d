// SPDX-License-Identifier: Apache-2.0
// completion, version, help.
#include <ostream>

#include "google/protobuf/stubs/common.h"
#include "lib/base/text.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/help.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

constexpr std::string_view kVersion = "0.1.0";

absl::Status Completion(Invocation& invocation) {
  ASSIGN_OR_RETURN(const std::string script, CompletionScript(invocation.Argument(0)));
  invocation.out() << script;
  return absl::OkStatus();
}

absl::Status Version(Invocation& invocation) {
  if (invocation.json()) {
    invocation.out() << Cat("{\"version\": \"", kVersion, "\", \"api\": \"rapport.v1\"}\n");
  } else {
    invocation.out() << Cat("rapportctl ", kVersion, ", API rapport.v1\n");
  }
  return absl::OkStatus();
}

absl::Status Help(Invocation& invocation) {
  if (invocation.On("markdown")) {
    invocation.out() << HelpMarkdown();
    return absl::OkStatus();
  }
  if (!invocation.On("all")) {
    invocation.out() << HelpText(invocation.arguments(), invocation.terminal());
    return absl::OkStatus();
  }
  invocation.out() << HelpText({}, invocation.terminal());
  for (const Action& action : Actions()) {
    const std::string path(action.path);
    const size_t space = std::min(path.find(' '), path.size());
    std::vector<std::string> words = {path.substr(0, space)};
    if (space < path.size()) words.push_back(path.substr(space + 1));
    invocation.out() << "\n"
                     << invocation.terminal().In(Paint::kCyan, Cat("rapportctl ", path)) << "\n"
                     << HelpText(words, invocation.terminal());
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Action> ShellActions() {
  return {
      {.path = "completion",
       .summary = "Prints a completion script.",
       .details = "",
       .arguments = {{"SHELL", "bash or zsh."}},
       .flags = {},
       .examples = {"completion bash > /etc/bash_completion.d/rapportctl"},
       .run = Completion},
      {.path = "version",
       .summary = "Shows the version.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"version"},
       .run = Version},
      {.path = "help",
       .summary = "Shows help for all or for one command.",
       .details = "",
       .arguments = {{"COMMAND", "Words of the command.", Arity::kAny}},
       .flags = {{.name = "all", .placeholder = "", .help = "Every command in full."},
                 {.name = "markdown", .placeholder = "", .help = "The reference as Markdown."}},
       .examples = {"help customers get", "help --markdown > docs/cli.md"},
       .run = Help},
  };
}

}  // namespace rapport::ctl

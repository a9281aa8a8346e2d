// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/help.h"

#include <algorithm>

#include "lib/base/text.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/command_line.h"

namespace rapport::ctl {
namespace {

constexpr std::string_view kOpening =
    "rapportctl talks to a rapport-server: it loads events, reads answers and runs the store.";
constexpr std::string_view kExitCodes =
    "0 done; 1 done, but the result is bad (too many rejects, an unhealthy store); 2 wrong "
    "usage or mapping; otherwise 10 + the canonical gRPC code, e.g. 15 not found, 24 unavailable.";
constexpr std::string_view kOutput =
    "Tables are for people and may change. Programs use --json, which prints the API's own "
    "messages with snake_case names.";

std::string ArgumentText(const Argument& argument) {
  switch (argument.arity) {
    case Arity::kOne:
      return std::string(argument.name);
    case Arity::kOptional:
      return Cat("[", argument.name, "]");
    case Arity::kMany:
      return Cat(argument.name, "...");
    case Arity::kAny:
      return Cat("[", argument.name, "...]");
  }
  return "";
}

std::string FlagText(const Flag& flag) {
  return flag.placeholder.empty() ? Cat("--", flag.name)
                                  : Cat("--", flag.name, "=", flag.placeholder);
}

std::string UsageLine(const Action& action) {
  std::string text = Cat("rapportctl ", action.path);
  for (const Flag& flag : action.flags) {
    if (flag.required) text = Cat(text, " ", FlagText(flag));
  }
  for (const Argument& argument : action.arguments) text = Cat(text, " ", ArgumentText(argument));
  const bool options = std::any_of(action.flags.begin(), action.flags.end(),
                                   [](const Flag& flag) { return !flag.required; });
  return options ? Cat(text, " [flags]") : text;
}

std::string FlagHelp(const Flag& flag) {
  std::string text(flag.help);
  if (!flag.choices.empty()) text = Cat(text, " One of ", flag.choices, ".");
  if (flag.required) text = Cat(text, " Required.");
  if (!flag.fallback.empty()) text = Cat(text, " Default ", flag.fallback, ".");
  return text;
}

// Two columns, the second wrapped under itself.
class Rows {
 public:
  explicit Rows(int width) : width_(std::clamp(width, 60, 110)) {}
  void Add(std::string_view left, std::string_view right) {
    rows_.emplace_back(left, right);
    left_ = std::max(left_, DisplayWidth(left));
  }
  std::string Text(const Terminal& terminal) const {
    std::string text;
    for (const auto& [left, right] : rows_) {
      text = Cat(text, "  ", terminal.In(Paint::kBold, Pad(left, left_)), "  ",
                 Wrapped(right, width_ - left_ - 4, left_ + 4), "\n");
    }
    return text;
  }
  static std::string Wrapped(std::string_view words, int width, int indent) {
    std::string text;
    int column = 0;
    while (!words.empty()) {
      const size_t space = std::min(words.find(' '), words.size());
      const std::string_view word = words.substr(0, space);
      words.remove_prefix(std::min(space + 1, words.size()));
      if (column > 0 && column + 1 + DisplayWidth(word) > width) {
        text = Cat(text, "\n", std::string(static_cast<size_t>(indent), ' '));
        column = 0;
      }
      if (column > 0) text += ' ';
      column += (column > 0 ? 1 : 0) + DisplayWidth(word);
      text += word;
    }
    return text;
  }

 private:
  int width_;
  int left_ = 0;
  std::vector<std::pair<std::string, std::string>> rows_;
};

std::string_view GroupOf(const Action& action) {
  return action.path.substr(0, action.path.find(' '));
}

std::string Heading(const Terminal& terminal, std::string_view text) {
  return Cat("\n", terminal.In(Paint::kBold, text), "\n");
}

std::string HelpAll(const Terminal& terminal) {
  Rows commands(terminal.width);
  for (const Group& group : Groups()) commands.Add(group.name, group.summary);
  for (const Action& action : Actions()) {
    if (action.path.find(' ') == std::string_view::npos) commands.Add(action.path, action.summary);
  }
  Rows flags(terminal.width);
  for (const Flag& flag : GlobalFlags()) flags.Add(FlagText(flag), FlagHelp(flag));
  return Cat(kOpening, "\n", Heading(terminal, "Commands"), commands.Text(terminal),
             Heading(terminal, "Flags of every command"), flags.Text(terminal),
             Heading(terminal, "Exit codes"), "  ",
             Rows::Wrapped(kExitCodes, std::min(terminal.width, 110) - 2, 2),
             "\n\n`rapportctl help COMMAND` shows a command; `rapportctl help --all` shows all.\n");
}

std::string HelpGroup(const Group& group, const Terminal& terminal) {
  Rows commands(terminal.width);
  for (const Action& action : Actions()) {
    if (GroupOf(action) == group.name) commands.Add(action.path, action.summary);
  }
  return Cat(group.summary, "\n", Heading(terminal, "Commands"), commands.Text(terminal));
}

std::string HelpAction(const Action& action, const Terminal& terminal) {
  const int width = std::min(terminal.width, 110);
  std::string text =
      Cat(action.summary, "\n", Heading(terminal, "Usage"), "  ", UsageLine(action), "\n");
  if (!action.details.empty()) {
    text = Cat(text, "\n", Rows::Wrapped(action.details, width, 0), "\n");
  }
  Rows rows(terminal.width);
  for (const Argument& argument : action.arguments) rows.Add(ArgumentText(argument), argument.help);
  if (!action.arguments.empty()) {
    text = Cat(text, Heading(terminal, "Arguments"), rows.Text(terminal));
  }
  Rows flags(terminal.width);
  for (const Flag& flag : action.flags) flags.Add(FlagText(flag), FlagHelp(flag));
  if (!action.flags.empty()) text = Cat(text, Heading(terminal, "Flags"), flags.Text(terminal));
  if (!action.examples.empty()) text = Cat(text, Heading(terminal, "Examples"));
  for (const auto example : action.examples) text = Cat(text, "  rapportctl ", example, "\n");
  return text;
}

std::string MarkdownAction(const Action& action) {
  std::string text =
      Cat("### `", action.path, "`\n\n", action.summary, "\n\n```\n", UsageLine(action), "\n```\n");
  if (!action.details.empty()) text = Cat(text, "\n", action.details, "\n");
  if (!action.arguments.empty() || !action.flags.empty()) text = Cat(text, "\n");
  for (const Argument& argument : action.arguments) {
    text = Cat(text, "- `", ArgumentText(argument), "`: ", argument.help, "\n");
  }
  for (const Flag& flag : action.flags) {
    text = Cat(text, "- `", FlagText(flag), "`: ", FlagHelp(flag), "\n");
  }
  if (!action.examples.empty()) text = Cat(text, "\n```sh\n");
  for (const auto example : action.examples) text = Cat(text, "rapportctl ", example, "\n");
  return action.examples.empty() ? text : Cat(text, "```\n");
}

}  // namespace

std::string HelpText(const std::vector<std::string>& words, const Terminal& terminal) {
  if (words.empty()) return HelpAll(terminal);
  if (const Action* action = FindAction(words[0])) return HelpAction(*action, terminal);
  if (words.size() > 1) {
    const Action* action = FindAction(Cat(words[0], " ", words[1]));
    if (action != nullptr) return HelpAction(*action, terminal);
  }
  for (const Group& group : Groups()) {
    if (group.name == words[0]) return HelpGroup(group, terminal);
  }
  return HelpAll(terminal);
}

std::string HelpMarkdown() {
  std::string text = Cat(
      "# rapportctl\n\n<!-- Made by `rapportctl help --markdown`; do not edit. -->\n\n", kOpening,
      " ", kOutput, "\n\nExit codes: ", kExitCodes, "\n\n## Flags of every command\n\n");
  for (const Flag& flag : GlobalFlags()) {
    text = Cat(text, "- `", FlagText(flag), "`: ", FlagHelp(flag), "\n");
  }
  for (const Group& group : Groups()) {
    text = Cat(text, "\n## ", group.name, "\n\n", group.summary, "\n");
    for (const Action& action : Actions()) {
      if (GroupOf(action) == group.name) text = Cat(text, "\n", MarkdownAction(action));
    }
  }
  text = Cat(text, "\n## Other commands\n");
  for (const Action& action : Actions()) {
    if (action.path.find(' ') == std::string_view::npos)
      text = Cat(text, "\n", MarkdownAction(action));
  }
  return text;
}

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
#include "tools/rapportctl/command_line.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace rapport::ctl {
namespace {

absl::Status Usage(std::string_view text) { return absl::InvalidArgumentError(ToAbsl(text)); }

// Levenshtein distance, for suggestions.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string Nearest(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  size_t distance = 3;
  for (const std::string_view candidate : known) {
    const size_t d = Distance(word, candidate);
    if (d < distance) {
      best = candidate;
      distance = d;
    }
  }
  return best.empty() ? "" : Cat("; did you mean '", best, "'?");
}

const Flag* FindFlag(const Action* action, std::string_view name) {
  const auto named = [name](const Flag& flag) { return flag.name == name; };
  if (action != nullptr) {
    const auto own = std::find_if(action->flags.begin(), action->flags.end(), named);
    if (own != action->flags.end()) return &*own;
  }
  const auto& global = GlobalFlags();
  const auto found = std::find_if(global.begin(), global.end(), named);
  return found == global.end() ? nullptr : &*found;
}

absl::Status UnknownFlag(const Action* action, std::string_view name) {
  std::vector<std::string_view> known;
  if (action != nullptr) {
    for (const Flag& flag : action->flags) known.push_back(flag.name);
  }
  for (const Flag& flag : GlobalFlags()) known.push_back(flag.name);
  return Usage(Cat("unknown flag --", name, Nearest(name, known)));
}

absl::Status CheckChoice(const Flag& flag, std::string_view value) {
  if (flag.choices.empty()) return absl::OkStatus();
  const std::vector<std::string> choices = absl::StrSplit(ToAbsl(flag.choices), '|');
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return absl::OkStatus();
  return Usage(Cat("--", flag.name, "=", value, ": must be one of ", absl::StrJoin(choices, ", ")));
}

bool IsGroup(std::string_view word) {
  return std::any_of(Groups().begin(), Groups().end(),
                     [word](const Group& group) { return group.name == word; });
}

absl::Status UnknownCommand(std::string_view group, std::string_view word) {
  std::vector<std::string_view> known;
  for (const Action& action : Actions()) {
    const size_t space = action.path.find(' ');
    if (group.empty()) {
      known.push_back(action.path.substr(0, space));
    } else if (action.path.substr(0, space) == group && space != std::string_view::npos) {
      known.push_back(action.path.substr(space + 1));
    }
  }
  const std::string place = group.empty() ? "" : Cat(group, " ");
  return Usage(Cat("unknown command '", place, word, "'", Nearest(word, known)));
}

// Splits the line into plain words and flags; values are joined later, when the action
// (and so which flags take values) is known.
struct Tokens {
  const std::vector<std::string>& words;
  size_t next = 0;
  bool flags_ended = false;
};

// The first one or two plain words name the action.
absl::StatusOr<const Action*> FindCommand(const std::vector<std::string>& plain) {
  if (plain.empty()) return nullptr;
  if (const Action* action = FindAction(plain[0])) return action;
  if (!IsGroup(plain[0])) return UnknownCommand("", plain[0]);
  if (plain.size() < 2) return nullptr;
  if (const Action* action = FindAction(Cat(plain[0], " ", plain[1]))) return action;
  return UnknownCommand(plain[0], plain[1]);
}

// Plain words before the action is known: skips values of global flags.
std::vector<std::string> CommandWords(const std::vector<std::string>& words) {
  std::vector<std::string> plain;
  for (size_t i = 0; i < words.size() && plain.size() < 2; ++i) {
    const std::string_view word = words[i];
    if (word == "--") break;
    if (word.size() < 2 || word[0] != '-') {
      plain.emplace_back(word);
      continue;
    }
    const bool joined = word.find('=') != std::string_view::npos;
    const Flag* flag = word.substr(0, 2) == "--" ? FindFlag(nullptr, word.substr(2)) : nullptr;
    if (!joined && flag != nullptr && !flag->placeholder.empty()) ++i;
  }
  return plain;
}

absl::Status TakeFlag(Tokens& tokens, CommandLine& line) {
  const std::string_view word = tokens.words[tokens.next++];
  if (word == "--help" || word == "-h") {
    line.help = true;
    return absl::OkStatus();
  }
  if (word.substr(0, 2) != "--") return Usage(Cat("unknown flag ", word));
  const size_t equals = word.find('=');
  const std::string_view name = word.substr(2, equals == word.npos ? equals : equals - 2);
  const Flag* flag = FindFlag(line.action, name);
  if (flag == nullptr) return UnknownFlag(line.action, name);
  std::string value = "true";
  if (equals != word.npos) {
    value = word.substr(equals + 1);
  } else if (!flag->placeholder.empty()) {
    if (tokens.next == tokens.words.size()) return Usage(Cat("--", name, " needs a value"));
    value = tokens.words[tokens.next++];
  }
  RETURN_IF_ERROR(CheckChoice(*flag, value));
  line.flags[std::string(name)].push_back(std::move(value));
  return absl::OkStatus();
}

absl::Status CheckComplete(const CommandLine& line) {
  const Action& action = *line.action;
  for (const Flag& flag : action.flags) {
    if (flag.required && !line.flags.contains(flag.name)) {
      return Usage(Cat("--", flag.name, "=", flag.placeholder, " is required"));
    }
  }
  size_t least = 0;
  size_t most = 0;
  for (const Argument& argument : action.arguments) {
    const bool open = argument.arity == Arity::kMany || argument.arity == Arity::kAny;
    least += argument.arity == Arity::kOptional || argument.arity == Arity::kAny ? 0 : 1;
    most = open ? SIZE_MAX : most + 1;
  }
  if (line.arguments.size() < least) {
    return Usage(Cat(action.arguments[line.arguments.size()].name, " is missing"));
  }
  if (line.arguments.size() > most) {
    return Usage(Cat("unexpected argument '", line.arguments[most], "'"));
  }
  return absl::OkStatus();
}

}  // namespace

const Action* FindAction(std::string_view path) {
  for (const Action& action : Actions()) {
    if (action.path == path) return &action;
  }
  return nullptr;
}

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& words) {
  CommandLine line;
  line.words = CommandWords(words);
  ASSIGN_OR_RETURN(line.action, FindCommand(line.words));
  Tokens tokens{words};
  while (tokens.next < words.size()) {
    const std::string& word = words[tokens.next];
    if (!tokens.flags_ended && word == "--") {
      tokens.flags_ended = true;
      ++tokens.next;
    } else if (!tokens.flags_ended && word.size() > 1 && word[0] == '-') {
      RETURN_IF_ERROR(TakeFlag(tokens, line));
    } else {
      line.arguments.push_back(words[tokens.next++]);
    }
  }
  if (line.action == nullptr) {
    line.help = true;
    return line;
  }
  const bool two_words = line.action->path.find(' ') != std::string_view::npos;
  line.arguments.erase(line.arguments.begin(), line.arguments.begin() + (two_words ? 2 : 1));
  if (!line.help) RETURN_IF_ERROR(CheckComplete(line));
  return line;
}

}  // namespace rapport::ctl

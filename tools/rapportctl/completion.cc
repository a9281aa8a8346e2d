// SPDX-License-Identifier: Apache-2.0
// Completion scripts for bash and zsh, made from the action table.
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "lib/base/text.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/help.h"

namespace rapport::ctl {
namespace {

std::string FlagWords(const std::vector<Flag>& flags) {
  std::string text;
  for (const Flag& flag : flags) {
    text = Cat(text, text.empty() ? "" : " ", "--", flag.name, flag.placeholder.empty() ? "" : "=");
  }
  return text;
}

std::string FirstWords() {
  std::string text;
  std::set<std::string_view> seen;
  for (const Action& action : Actions()) {
    const std::string_view word = action.path.substr(0, action.path.find(' '));
    if (seen.insert(word).second) text = Cat(text, text.empty() ? "" : " ", word);
  }
  return text;
}

std::string SecondWords(std::string_view group) {
  std::string text;
  for (const Action& action : Actions()) {
    const size_t space = action.path.find(' ');
    if (space == std::string_view::npos || action.path.substr(0, space) != group) continue;
    text = Cat(text, text.empty() ? "" : " ", action.path.substr(space + 1));
  }
  return text;
}

// `case` arms that give the flags of every action.
std::string FlagArms() {
  std::string arms;
  for (const Action& action : Actions()) {
    if (action.flags.empty()) continue;
    arms =
        Cat(arms, "    '", action.path, "') flags=\"$flags ", FlagWords(action.flags), "\" ;;\n");
  }
  return arms;
}

std::string GroupArms() {
  std::string arms;
  for (const Group& group : Groups()) {
    arms = Cat(arms, "    ", group.name, ") words='", SecondWords(group.name), "' ;;\n");
  }
  return arms;
}

std::string ChoiceArms() {
  std::string arms;
  std::set<std::string_view> seen;
  for (const Action& action : Actions()) {
    for (const Flag& flag : action.flags) {
      if (flag.choices.empty() || !seen.insert(flag.name).second) continue;
      arms = Cat(arms, "    --", flag.name, ") choices='",
                 absl::StrReplaceAll(ToAbsl(flag.choices), {{"|", " "}}), "' ;;\n");
    }
  }
  return arms;
}

constexpr std::string_view kBash =
    R"(# bash completion for rapportctl; source it or put it into bash_completion.d
_rapportctl() {
  local current="${COMP_WORDS[COMP_CWORD]}" first='' second='' words='' flags='@GLOBAL@' choices='' i
  # bash splits --flag=value into three words.
  if [[ $current == = ]]; then current=''; fi
  local flag="${COMP_WORDS[COMP_CWORD-1]}"
  if [[ $flag == = ]]; then flag="${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      -*|=) ;;
      *) if [[ -z $first ]]; then first="${COMP_WORDS[i]}";
         elif [[ -z $second ]]; then second="${COMP_WORDS[i]}"; fi ;;
    esac
  done
  case "$flag" in
@CHOICES@  esac
  if [[ -n $choices ]]; then COMPREPLY=($(compgen -W "$choices" -- "$current")); return; fi
  case "$first" in
    '') words='@FIRST@' ;;
@GROUPS@  esac
  if [[ -n $second ]]; then words=''; fi
  case "$first" in @SINGLE@) second='' ;; esac
  case "$first${second:+ $second}" in
@FLAGS@  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _rapportctl rapportctl
)";

// zsh runs the bash function through its own emulation.
constexpr std::string_view kZshOpening = R"(#compdef rapportctl
autoload -U +X bashcompinit && bashcompinit
)";

std::string SingleWords() {
  std::string text;
  for (const Action& action : Actions()) {
    if (action.path.find(' ') != std::string_view::npos) continue;
    text = Cat(text, text.empty() ? "" : "|", action.path);
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(std::string_view shell) {
  if (shell != "bash" && shell != "zsh") {
    return absl::InvalidArgumentError(Cat("no completion for '", shell, "': bash or zsh"));
  }
  const std::string script =
      absl::StrReplaceAll(ToAbsl(kBash), {{"@GLOBAL@", FlagWords(GlobalFlags())},
                                          {"@FIRST@", FirstWords()},
                                          {"@GROUPS@", GroupArms()},
                                          {"@SINGLE@", SingleWords()},
                                          {"@FLAGS@", FlagArms()},
                                          {"@CHOICES@", ChoiceArms()}});
  return shell == "bash" ? script : Cat(kZshOpening, script);
}

}  // namespace rapport::ctl

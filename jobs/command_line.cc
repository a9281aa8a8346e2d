// SPDX-License-Identifier: Apache-2.0
#include "jobs/command_line.h"

#include <functional>
#include <optional>

#include "absl/strings/numbers.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::jobs {
namespace {

// A flag; without `value_name` it takes none.
struct Flag {
  std::string_view name;
  std::string_view value_name;
  std::string_view help;
  std::function<absl::Status(const std::string& value, CommandLine& line)> set;
};

absl::Status ParseNumber(std::string_view flag, const std::string& value, int64_t least,
                         int64_t most, int64_t& number) {
  if (absl::SimpleAtoi(value, &number) && number >= least && number <= most) {
    return absl::OkStatus();
  }
  return InvalidField(Cat("--", flag), "BAD_VALUE",
                      Cat("must be a whole number from ", least, " to ", most));
}

absl::Status SetAsOf(const std::string& value, CommandLine& line) {
  if (value == "now") {
    line.nightly.as_of.reset();
    return absl::OkStatus();
  }
  const auto time = ParseTime(value);
  if (!time.ok()) {
    return InvalidField("--as-of", "BAD_VALUE",
                        "must be `now` or a time such as 2026-11-21T02:00:00Z");
  }
  line.nightly.as_of = *time;
  return absl::OkStatus();
}

template <typename Int>
auto SetNumber(std::string_view flag, int64_t least, int64_t most,
               std::function<Int&(CommandLine&)> field) {
  return [=](const std::string& value, CommandLine& line) -> absl::Status {
    int64_t number = 0;
    RETURN_IF_ERROR(ParseNumber(flag, value, least, most, number));
    field(line) = static_cast<Int>(number);
    return absl::OkStatus();
  };
}

auto SetText(std::function<std::string&(CommandLine&)> field) {
  return [=](const std::string& value, CommandLine& line) {
    field(line) = value;
    return absl::OkStatus();
  };
}

auto SetTrue(std::function<bool&(CommandLine&)> field) {
  return [=](const std::string&, CommandLine& line) {
    field(line) = true;
    return absl::OkStatus();
  };
}

std::vector<Flag> ConnectionFlags() {
  return {
      {"server", "ADDRESS", "server, unix:/path or host:port (default 127.0.0.1:7600)",
       SetText([](CommandLine& line) -> std::string& { return line.connect.server; })},
      {"token-file", "FILE", "file with a bearer token of role admin",
       SetText([](CommandLine& line) -> std::string& { return line.connect.token_file; })},
      {"tls-ca", "FILE",
       "PEM file of the authority that signed the server's certificate; turns TLS on",
       SetText([](CommandLine& line) -> std::string& { return line.connect.tls_ca; })},
  };
}

std::vector<Flag> RunFlags() {
  return {
      {"as-of", "TIME", "leave out events after this RFC 3339 time (default now)", SetAsOf},
      {"full", "", "compute everything anew; the answers are the same",
       SetTrue([](CommandLine& line) -> bool& { return line.nightly.full; })},
      {"threads", "N", "threads to use (default: one per core)",
       SetNumber<int>("threads", 1, 256,
                      [](CommandLine& line) -> int& { return line.nightly.threads; })},
      {"nice", "N", "scheduling priority, 0 to 19 (default 10)",
       SetNumber<int>("nice", 0, 19, [](CommandLine& line) -> int& { return line.nice; })},
      {"id-horizon-days", "N",
       "days for which event ids are remembered (default 30, as the server)",
       SetNumber<int64_t>(
           "id-horizon-days", 1, 3650,
           [](CommandLine& line) -> int64_t& { return line.nightly.id_horizon_days; })},
      {"keep-checkpoint", "", "leave the checkpoint behind for inspection",
       SetTrue([](CommandLine& line) -> bool& { return line.nightly.keep_checkpoint; })},
      {"stop-after", "STAGE", "drill: die as if killed after this stage, `manifest` or `publish`",
       SetText([](CommandLine& line) -> std::string& { return line.nightly.drill.stop_after; })},
      {"stop-within", "STAGE", "drill: die as if killed half way through this stage",
       SetText([](CommandLine& line) -> std::string& { return line.nightly.drill.stop_within; })},
  };
}

std::vector<Flag> OutputFlags() {
  return {
      {"plan", "", "print waves and stages, then stop",
       SetTrue([](CommandLine& line) -> bool& { return line.plan; })},
      {"json", "", "print the run's report as JSON",
       SetTrue([](CommandLine& line) -> bool& { return line.json; })},
      {"quiet", "", "print errors only",
       SetTrue([](CommandLine& line) -> bool& { return line.quiet; })},
      {"help", "", "print this", SetTrue([](CommandLine& line) -> bool& { return line.help; })},
  };
}

const std::vector<Flag>& Flags() {
  static const auto& flags = *new std::vector<Flag>([] {
    std::vector<Flag> all = ConnectionFlags();
    for (auto&& group : {RunFlags(), OutputFlags()})
      all.insert(all.end(), group.begin(), group.end());
    return all;
  }());
  return flags;
}

const Flag* FindFlag(std::string_view name) {
  for (const Flag& flag : Flags()) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(std::span<const char* const> arguments) {
  CommandLine line;
  line.connect.server = "127.0.0.1:7600";
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    std::optional<std::string> value;
    if (const size_t equals = argument.find('='); equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
      argument = argument.substr(0, equals);
    }
    const Flag* flag = argument.starts_with("--") ? FindFlag(argument.substr(2)) : nullptr;
    if (flag == nullptr) {
      return InvalidField(argument, "UNKNOWN_FLAG", "no such flag; --help lists them");
    }
    const bool takes_value = !flag->value_name.empty();
    if (takes_value && !value && i + 1 < arguments.size()) value = arguments[++i];
    if (takes_value != value.has_value()) {
      return InvalidField(argument, "BAD_VALUE", takes_value ? "needs a value" : "takes no value");
    }
    RETURN_IF_ERROR(flag->set(value.value_or(""), line));
  }
  return line;
}

std::string HelpText() {
  std::string text =
      "rapport-nightly: computes tonight's answers and publishes them as a generation.\n\n"
      "usage: rapport-nightly [flags]\n\n";
  for (const Flag& flag : Flags()) {
    std::string left = Cat("  --", flag.name, flag.value_name.empty() ? "" : "=", flag.value_name);
    left.resize(std::max<size_t>(left.size() + 2, 26), ' ');
    text += Cat(left, flag.help, "\n");
  }
  text +=
      "\nexit codes: 0 published; 64 wrong flags; 65 broken data; 69 server not reachable or no\n"
      "room to work; 70 internal fault; 75 another run is at work, try later; 77 not allowed.\n";
  return text;
}

}  // namespace rapport::jobs

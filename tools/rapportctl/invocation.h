// SPDX-License-Identifier: Apache-2.0
// One run of one action: its flags and arguments, where output goes, and the connection.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "tools/rapportctl/client.h"
#include "tools/rapportctl/command_line.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// What surrounds the program; tests give their own.
struct Surroundings {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  Terminal out_terminal;
  Terminal err_terminal;
  std::function<std::string(std::string_view)> environment;  // "" when unset.
  std::function<std::unique_ptr<Connection>(const ConnectOptions&)> connect;
  std::function<int64_t()> now_micros;
};

class Invocation {
 public:
  Invocation(CommandLine line, const Surroundings& around)
      : line_(std::move(line)), around_(around) {}

  bool Has(std::string_view flag) const { return line_.flags.contains(flag); }
  // Last value given, or the flag's default, or "".
  std::string Text(std::string_view flag) const;
  std::vector<std::string> Texts(std::string_view flag) const;
  bool On(std::string_view flag) const { return Text(flag) == "true"; }
  // InvalidArgument unless a whole number in [low, high].
  absl::StatusOr<int64_t> Number(std::string_view flag, int64_t low, int64_t high) const;
  const std::vector<std::string>& arguments() const { return line_.arguments; }
  // The i-th argument or "".
  std::string Argument(size_t i) const;

  bool json() const { return On("json"); }
  std::ostream& out() const { return *around_.out; }
  std::ostream& err() const { return *around_.err; }
  const Terminal& terminal() const { return around_.out_terminal; }
  const Terminal& error_terminal() const { return around_.err_terminal; }
  int64_t now_micros() const { return around_.now_micros(); }

  // `workspaces/{id}` of --workspace or RAPPORT_WORKSPACE; InvalidArgument without.
  absl::StatusOr<std::string> Workspace() const;
  // Resource name of a customer given as id or name.
  absl::StatusOr<std::string> Customer(std::string_view id) const;
  // The connection by the global flags, made once.
  absl::StatusOr<Connection*> Server();
  std::string ServerAddress() const;

  // Calls and decodes in one step.
  template <typename Response>
  absl::StatusOr<Response> Ask(std::string_view method, const google::protobuf::Message& request) {
    ASSIGN_OR_RETURN(Connection * connection, Server());
    return Call<Response>(*connection, method, request);
  }
  // Writes a message as JSON with snake_case names.
  absl::Status PrintJson(const google::protobuf::Message& message) const;

 private:
  CommandLine line_;
  const Surroundings& around_;
  std::unique_ptr<Connection> connection_;
};

// The work is done but its result is bad (rejects, an unhealthy store): exit code 1.
absl::Status BadResult(std::string_view text);

// A whole program run: parses, runs, prints errors; returns the exit code.
int RunProgram(const std::vector<std::string>& words, const Surroundings& around);

// 0 ok, 1 bad result, 2 usage, else 10 + the canonical code of the error.
int ExitCode(const absl::Status& status);
// Error text with field, reason and hint, one a line.
std::string ErrorText(const absl::Status& status, const Terminal& terminal,
                      std::string_view server);

}  // namespace rapport::ctl

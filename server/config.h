// SPDX-License-Identifier: Apache-2.0
// Settings of the server process from a text-proto file and flags. One table names every
// flag; help, parsing and the file share the fields of ServerConfig.
//
// Pure but for reading the file. Errors: InvalidArgument naming the flag or the file.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "rapport/store/v1/server_config.pb.h"

namespace rapport::server {

using Config = ::rapport::store::v1::ServerConfig;

struct CommandLine {
  Config config;
  bool help = false;
};

// Reads `arguments` (without the program name): --flag=value, --flag value or --switch.
// --config=FILE is read first wherever it stands; a list flag given replaces the file's list.
absl::StatusOr<CommandLine> ParseCommandLine(std::span<const std::string> arguments);
// Every flag with its default, for --help.
std::string HelpText();
// Fills defaults and refuses what cannot work together (field = the setting's name).
absl::Status CompleteConfig(Config& config);

// True for loopback hosts and unix sockets: `127.0.0.1:7600`, `localhost:0`, `[::1]:1`.
bool IsLocalAddress(std::string_view address);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
// The flags of rapport-nightly.
#pragma once

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "jobs/admin_client.h"
#include "jobs/nightly.h"

namespace rapport::jobs {

struct CommandLine {
  NightlyOptions nightly;
  ConnectOptions connect;
  bool plan = false;   // Print the waves and stop.
  bool quiet = false;  // No progress, no report.
  bool json = false;   // The report as JSON on standard output.
  bool help = false;
  int nice = 10;
};

// InvalidArgument UNKNOWN_FLAG or BAD_VALUE naming the flag.
absl::StatusOr<CommandLine> ParseCommandLine(std::span<const char* const> arguments);
std::string HelpText();

}  // namespace rapport::jobs

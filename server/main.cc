// SPDX-License-Identifier: Apache-2.0
// rapport-server: reads settings, serves until SIGTERM or SIGINT, drains, ends.
#include <pthread.h>
#include <signal.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "server/config.h"
#include "server/server.h"

namespace rapport::server {
namespace {

// Blocked in all threads, so that only the main thread takes them, in WaitForStop.
sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Fail(const absl::Status& status) {
  std::cerr << "rapport-server: " << FromAbsl(status.message()) << "\n";
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

int Main(const std::vector<std::string>& arguments) {
  // Debian builds Abseil with its deadlock detector on, which draws every lock of gRPC and
  // ours through one global one. Tests keep it.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto line = ParseCommandLine(arguments);
  if (!line.ok()) return Fail(line.status());
  if (line->help) {
    std::cout << HelpText();
    return 0;
  }
  const bool json = line->config.log_format() == store::v1::LOG_STYLE_JSON;
  SetLog(LogLevel::kInfo, json ? LogFormat::kJson : LogFormat::kText);
  const sigset_t signals = StopSignals();
  auto server = Server::Start({.config = line->config});
  if (!server.ok()) return Fail(server.status());
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  Log(LogLevel::kInfo, "stopping", {{"signal", Cat(signal_number)}});
  (*server)->Shutdown();
  Log(LogLevel::kInfo, "stopped");
  return 0;
}

}  // namespace
}  // namespace rapport::server

int main(int argc, char** argv) {
  return rapport::server::Main(std::vector<std::string>(argv + 1, argv + argc));
}

// SPDX-License-Identifier: Apache-2.0
// rapportctl: see `rapportctl help`.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tools/rapportctl/invocation.h"

int main(int argc, char** argv) {
  using rapport::ctl::Terminal;
  std::ios::sync_with_stdio(false);
  rapport::ctl::Surroundings around;
  around.out = &std::cout;
  around.err = &std::cerr;
  around.out_terminal = Terminal::Detect(1);
  around.err_terminal = Terminal::Detect(2);
  around.environment = [](std::string_view name) -> std::string {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? "" : value;
  };
  around.connect = rapport::ctl::Connect;
  around.now_micros = [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  return rapport::ctl::RunProgram(std::vector<std::string>(argv + 1, argv + argc), around);
}

// SPDX-License-Identifier: Apache-2.0
#include "bench/options.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace rapport::bench {

Options::Options(int argc, char** argv, int first) {
  for (int i = first; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    if (argument.rfind("--", 0) != 0 || equals == std::string::npos) {
      std::fprintf(stderr, "options are --name=value, not '%s'\n", argv[i]);
      std::exit(2);
    }
    values_[argument.substr(2, equals - 2)] = argument.substr(equals + 1);
  }
}

std::string Options::Text(const std::string& name, const std::string& otherwise) const {
  const auto it = values_.find(name);
  return it == values_.end() ? otherwise : it->second;
}

int64_t Options::Number(const std::string& name, int64_t otherwise) const {
  const auto it = values_.find(name);
  return it == values_.end() ? otherwise : std::strtoll(it->second.c_str(), nullptr, 10);
}

double ProcessCpuSeconds(int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return 0;
  // Fields count from the end of the program's name, which may hold spaces.
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string field;
  for (int i = 0; i < 11; ++i) fields >> field;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int64_t ProcessPeakBytes(int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

}  // namespace rapport::bench

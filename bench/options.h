// SPDX-License-Identifier: Apache-2.0
// `--name=value` options of the benchmark programs. Bad options end the program.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace rapport::bench {

class Options {
 public:
  Options(int argc, char** argv, int first);
  std::string Text(const std::string& name, const std::string& otherwise) const;
  int64_t Number(const std::string& name, int64_t otherwise) const;
  void Set(const std::string& name, const std::string& value) { values_[name] = value; }

 private:
  std::map<std::string, std::string> values_;
};

// Seconds of processor time that a process has used so far, 0 if it is not there.
double ProcessCpuSeconds(int64_t pid);
// Peak resident memory of a process in bytes.
int64_t ProcessPeakBytes(int64_t pid);

}  // namespace rapport::bench

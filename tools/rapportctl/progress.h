// SPDX-License-Identifier: Apache-2.0
// A progress line on standard error: bar, share, count, rate and time left. Draws only
// on a terminal, at most ten times a second; times are given by the caller.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

struct ProgressState {
  int64_t done = 0;   // Of `total`, in any unit (bytes, customers).
  int64_t total = 0;  // 0 when not known.
  int64_t count = 0;  // What the rate counts.
  int64_t elapsed_micros = 0;
};

// "[██████░░░░]  58 %  1,234,567 rows  310,000/s  0:04 left"
std::string ProgressLine(const ProgressState& state, std::string_view unit);

class ProgressBar {
 public:
  ProgressBar(std::ostream& out, const Terminal& terminal, std::string unit, int64_t now_micros);
  void Show(int64_t done, int64_t total, int64_t count, int64_t now_micros);
  // Wipes the line.
  void End();
  double ElapsedSeconds(int64_t now_micros) const;

 private:
  std::ostream& out_;
  const bool active_;
  const std::string unit_;
  const int64_t start_micros_;
  int64_t last_micros_ = 0;
};

}  // namespace rapport::ctl

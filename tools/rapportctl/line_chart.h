// SPDX-License-Identifier: Apache-2.0
// Curves over time in text: several series on one grid, with an optional border between
// two parts of the time.
#pragma once

#include <string>
#include <vector>

#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

struct LineSeries {
  std::string name;
  std::string mark;  // One column wide; the later series wins a cell.
  Paint paint = Paint::kNone;
  std::vector<double> values;  // One per step, >= 0; all series are equally long.
};

struct LineChartOptions {
  std::vector<std::string> labels;  // One per step; first, border and last are shown.
  int border = -1;                  // Step at which the second part begins; -1: none.
  std::string border_name;          // "holdout from".
  int height = 15;
};

// Empty without values. Steps are stretched or thinned to the terminal's width.
std::string LineChart(const std::vector<LineSeries>& series, const LineChartOptions& options,
                      const Terminal& terminal);

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
// The demo shop's known truth as text: for readers of its answers and for tests.
#pragma once

#include <string>
#include <vector>

#include "tools/demo/business.h"

namespace rapport::demo {

struct KnownParameter {
  std::string model;  // "bg_nbd", "gamma_gamma", "business".
  std::string name;
  double value = 0;
  std::string meaning;
};

std::vector<KnownParameter> KnownParameters();
// One JSON object: options, currency, time unit and the parameters by model.
std::string DescribeJson(const Options& options);

}  // namespace rapport::demo

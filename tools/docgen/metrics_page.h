// SPDX-License-Identifier: Apache-2.0
// The text of docs/metrics.md, from the metric definitions, the lifecycle rules and the
// RFM grid. Pure.
#pragma once

#include <string>

namespace rapport::docgen {

std::string MetricsPage();

}  // namespace rapport::docgen

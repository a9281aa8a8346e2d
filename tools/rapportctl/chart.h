// SPDX-License-Identifier: Apache-2.0
// Charts in text: bars, a series of points with intervals, the retention heat map.
// Without colour the heat map is plain numbers.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/repeated_ptr_field.h"
#include "rapport/v1/cohort.pb.h"
#include "rapport/v1/metric.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// A bar of `share` (0-1) of `width` columns, exact to an eighth of a column.
std::string Bar(double share, int width);

// One line per bucket: day, value, sample, and the value as a dot on its interval over a
// common scale whose ends are printed below.
std::string TrendChart(const google::protobuf::RepeatedPtrField<v1::MetricPoint>& points,
                       int decimals, const Terminal& terminal);

enum class HeatValue { kRate, kReturned, kRevenue };

struct HeatMapOptions {
  HeatValue value = HeatValue::kRate;
  int last_period = 12;
};

// Cohorts with customers as lines, months since as columns up to the last period asked
// for. Incomplete cells carry an asterisk.
std::string HeatMap(const v1::RetentionReport& report, const HeatMapOptions& options,
                    const Terminal& terminal);

}  // namespace rapport::ctl

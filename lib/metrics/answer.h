// SPDX-License-Identifier: Apache-2.0
// Prints gathered figures as series and context of an answer. Pure and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "lib/metrics/gather.h"
#include "rapport/v1/answer.pb.h"
#include "rapport/v1/metric.pb.h"

namespace rapport::metrics {

// One point per bucket, empty ones kept.
v1::MetricSeries TotalSeries(const GatherPlan& plan, const Gathered& gathered);
// One series per group, largest sample first, then by name.
std::vector<v1::MetricSeries> GroupSeries(const GatherPlan& plan, const Gathered& gathered);
// The whole range as one point.
v1::MetricPoint PointOf(const GatherPlan& plan, const DayRange& days, const Figures& figures);
// Sets definition, dates, sample size and notes; answers the interpretation band of the
// whole range, empty below the minimum sample.
std::string FillContext(const GatherPlan& plan, const Gathered& gathered,
                        v1::AnswerContext& context);
// "email", "in_person"; "unknown" without a channel.
std::string ChannelLabel(uint8_t channel);

}  // namespace rapport::metrics

// SPDX-License-Identifier: Apache-2.0
// What a run says of itself: the v1.Run it reports to the server, notes on what changed
// since the generation before, and the text people see at the end.
//
// Pure but for the peak memory of the process.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "jobs/pipeline/run.h"
#include "rapport/v1/workspace.pb.h"

namespace rapport::jobs {

// A run at work, with the steps so far.
v1::Run DescribeRunning(const NightlyState& state);
// A run that ended now, well or not.
v1::Run DescribeRun(const NightlyState& state, TimeMicros now, const absl::Status& ended);

// Per workspace: customers, events, stages, NPS, value model and equity, each beside the
// generation before. Needs the finished stages' state and the checkpoint.
std::vector<std::string> NotesOf(const Run& run);

// For people.
std::string RunText(const v1::Run& run);
// For programs: the message as JSON.
std::string RunJson(const v1::Run& run);

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
// Answers of FeedbackService as people read them.
#pragma once

#include <string>

#include "rapport/v1/feedback_service.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// A line an answer; its words on one line.
std::string VerbatimsText(const v1::ListVerbatimsResponse& answer, const Terminal& terminal);
// The queue with its size.
std::string FollowUpsText(const v1::ListFollowUpsResponse& answer, const Terminal& terminal);
// Transitions as a table of groups before and after, then groups with their values.
std::string MovementText(const v1::ScoreMovement& answer, const Terminal& terminal);

}  // namespace rapport::ctl

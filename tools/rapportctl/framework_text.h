// SPDX-License-Identifier: Apache-2.0
// Frameworks, journeys and their reports as text for people.
#pragma once

#include <string>

#include "rapport/v1/framework.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// Stages with evidence, exits and owners, and the ways between them.
std::string FrameworkText(const v1::Framework& framework, const Terminal& terminal);
// Where the customer stands, and each visit on a line.
std::string JourneyText(const v1::CustomerJourney& journey, const Terminal& terminal);
// Stages with bars, flows, the border, and who should act; without the context.
std::string FrameworkReportText(const v1::FrameworkReport& report, const Terminal& terminal);
// "skip" for MOVE_KIND_SKIP.
std::string MoveText(v1::MoveKind kind);

}  // namespace rapport::ctl

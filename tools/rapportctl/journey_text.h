// SPDX-License-Identifier: Apache-2.0
// Answers of JourneyService as people read them in a terminal.
#pragma once

#include <string>

#include "rapport/v1/journey_service.pb.h"
#include "tools/rapportctl/terminal.h"

namespace rapport::ctl {

// Seconds as "45 s", "3.5 min", "2.1 h" or "12.0 d".
std::string FormatSeconds(double seconds);

// Steps with bars, groups and comparison; with `times` the bins of the whole.
std::string FunnelText(const v1::QueryFunnelResponse& answer, bool times, const Terminal& terminal);
std::string FunnelCustomersText(const v1::ListFunnelCustomersResponse& answer,
                                const Terminal& terminal);
std::string PainPointsText(const v1::FindPainPointsResponse& answer, const Terminal& terminal);
std::string PathsText(const v1::QueryPathsResponse& answer, const Terminal& terminal);
std::string EffectText(const v1::QueryStepEffectResponse& answer, const Terminal& terminal);

}  // namespace rapport::ctl

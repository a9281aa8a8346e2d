// SPDX-License-Identifier: Apache-2.0
// A customer's timeline as text, for `events list` and `customers timeline`.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "rapport/v1/event.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {

// What an event says beside its type: amount, score, product, ticket, ...
std::string EventSummary(const v1::Event& event);
std::vector<Flag> TimelineFlags();
// Lists the events of the first argument by the flags above.
absl::Status PrintTimeline(Invocation& invocation);
// A civil date or RFC 3339 time of a flag; dates begin at midnight UTC.
absl::Status ReadTimeFlag(const Invocation& invocation, std::string_view flag,
                          google::protobuf::Timestamp* time);

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
// Questions about funnels as command lines write them: steps, lengths of time, flags.
//
// A step is a filter on events; a single word is an event type. `?` before it makes it
// optional, `NAME::` names it: `view::product_viewed '?type = cart_item_added AND amount > 50'`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/duration.pb.h"
#include "rapport/v1/journey_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {

// A length such as 30s, 15m, 12h, 7d or 2w. InvalidArgument otherwise, naming the flag.
absl::Status ReadLength(std::string_view text, std::string_view flag,
                        google::protobuf::Duration* out);
// A filter; a single word is an event type.
std::string EventFilter(std::string_view text);

// The funnel of the arguments and flags.
absl::Status ReadFunnel(const Invocation& invocation, v1::Funnel& funnel);
// The flags it reads.
std::vector<Flag> FunnelFlags();
std::vector<Argument> FunnelArguments();

// --by and --attribution.
template <typename Request>
absl::Status ReadBreakdown(const Invocation& invocation, Request& request);
// "first", "last", "all" or "step:N".
absl::Status ReadAttribution(std::string_view text, v1::FunnelAttribution* attribution,
                             int32_t* step);

template <typename Request>
absl::Status ReadBreakdown(const Invocation& invocation, Request& request) {
  request.set_group_by(invocation.Text("by"));
  v1::FunnelAttribution attribution = v1::FUNNEL_ATTRIBUTION_UNSPECIFIED;
  int32_t step = 0;
  RETURN_IF_ERROR(ReadAttribution(invocation.Text("attribution"), &attribution, &step));
  request.set_attribution(attribution);
  request.set_attribution_step(step);
  return absl::OkStatus();
}

// Workspace, view and, if the request has one, time budget.
template <typename Request>
absl::Status ReadPoint(const Invocation& invocation, Request& request) {
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  if (invocation.On("nightly")) request.set_view(v1::VIEW_NIGHTLY);
  if constexpr (requires { request.mutable_time_budget(); }) {
    if (!invocation.Has("budget")) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int64_t millis, invocation.Number("budget", 1, 3'600'000));
    request.mutable_time_budget()->set_seconds(millis / 1000);
    request.mutable_time_budget()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  }
  return absl::OkStatus();
}
template <typename Request>
absl::Status ReadFunnelRequest(const Invocation& invocation, Request& request) {
  RETURN_IF_ERROR(ReadPoint(invocation, request));
  RETURN_IF_ERROR(ReadFunnel(invocation, *request.mutable_funnel()));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  request.set_filter(invocation.Text("filter"));
  return absl::OkStatus();
}

// --from, --to, --nightly; and --budget.
std::vector<Flag> PointFlags(bool budget);

}  // namespace rapport::ctl

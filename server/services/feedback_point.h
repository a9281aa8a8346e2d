// SPDX-License-Identifier: Apache-2.0
// What the questions of FeedbackService share: the point they read at, days, and names of
// what stands in answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/event_columns.h"
#include "lib/events/customer_pass.h"
#include "lib/feedback/answers.h"
#include "rapport/v1/feedback_service.pb.h"
#include "server/call_context.h"
#include "server/customer_view.h"

namespace rapport::server {

// Threads of a pass.
inline constexpr int kFeedbackThreads = 2;

// A request's workspace and the point it reads at, always live: the generation and all
// that was acknowledged since. Pins both. Does not move: `at` names the others.
struct FeedbackPoint {
  ScopeHandle scope;
  store::GenerationHandle generation;
  std::optional<ReadPoint> at;

  absl::Status Open(const CallContext& call, std::string_view parent);
  events::ScanGround Ground() const;
  // For a pass of the call: cancelled with it.
  events::PassOptions Options(const CallContext& call) const;
};

// Times of the civil days [start_date, end_date). InvalidField start_date | end_date BAD_DATE,
// INVERTED_RANGE.
absl::StatusOr<feedback::AnswerScope> ParseDays(const WorkspaceScope& scope,
                                                std::string_view start_date,
                                                std::string_view end_date);

// A verbatim but for the customer and its stage.
v1::Verbatim VerbatimOf(const WorkspaceScope& scope, const EventColumns& columns,
                        const v1::Event& event);
// `at_risk` and so on, as groups of metrics are labelled; "none" when it is not known.
std::string StageOf(const v1::CustomerFacts& facts);

}  // namespace rapport::server

// SPDX-License-Identifier: Apache-2.0
#include "server/services/feedback_point.h"

#include "absl/strings/ascii.h"
#include "lib/base/status_macros.h"
#include "lib/feedback/verbatim.h"
#include "lib/filter/names.h"
#include "lib/filter/words.h"
#include "server/cohort_window.h"
#include "server/times.h"

namespace rapport::server {

absl::Status FeedbackPoint::Open(const CallContext& call, std::string_view parent) {
  ASSIGN_OR_RETURN(scope, call.env().workspaces.FromName(parent, "parent"));
  generation = call.env().serving.Current();
  at.emplace(ReadPoint{call.env(), *scope, generation, v1::VIEW_LIVE, call.now()});
  return absl::OkStatus();
}

events::ScanGround FeedbackPoint::Ground() const {
  return at->env.engine.GroundOf(generation, scope->workspace_no, events::ScanExtent::kLive);
}

events::PassOptions FeedbackPoint::Options(const CallContext& call) const {
  events::PassOptions options;
  options.threads = kFeedbackThreads;
  options.check = [&call] { return call.Alive(); };
  return options;
}

absl::StatusOr<feedback::AnswerScope> ParseDays(const WorkspaceScope& scope,
                                                std::string_view start_date,
                                                std::string_view end_date) {
  ASSIGN_OR_RETURN(const DayWindow window, ParseWindow(start_date, end_date));
  feedback::AnswerScope times;
  if (window.begin) times.begin = scope.settings.calendar.StartOf(*window.begin);
  if (window.end) times.end = scope.settings.calendar.StartOf(*window.end);
  return times;
}

v1::Verbatim VerbatimOf(const WorkspaceScope& scope, const EventColumns& columns,
                        const v1::Event& event) {
  v1::Verbatim verbatim;
  feedback::FillVerbatim(columns, event, verbatim);
  SetTime(columns.time, verbatim.mutable_event_time());
  verbatim.set_touchpoint(scope.names->Text(filter::NameKind::kTouchpoint, columns.touchpoint_no));
  return verbatim;
}

std::string StageOf(const v1::CustomerFacts& facts) {
  if (facts.lifecycle().stage() == v1::LIFECYCLE_STAGE_UNSPECIFIED) return "none";
  std::string word(filter::WordOf(filter::StageWords(), facts.lifecycle().stage()));
  absl::AsciiStrToLower(&word);
  return word;
}

}  // namespace rapport::server

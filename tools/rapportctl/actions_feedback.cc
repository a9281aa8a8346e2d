// SPDX-License-Identifier: Apache-2.0
// feedback verbatims / follow-ups / movement.
#include <algorithm>
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/feedback_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/feedback_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

// Workspace, filter and page of a list.
template <typename Request>
absl::Status ReadList(Invocation& invocation, Request& request) {
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_filter(invocation.Text("filter"));
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_page_token(invocation.Text("page-token"));
  return absl::OkStatus();
}

void ShowMore(const Invocation& invocation, std::string_view token) {
  if (!token.empty()) invocation.out() << Cat("more: --page-token=", token, "\n");
}

absl::Status Verbatims(Invocation& invocation) {
  v1::ListVerbatimsRequest request;
  RETURN_IF_ERROR(ReadList(invocation, request));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  request.set_include_empty(invocation.On("empty"));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListVerbatimsResponse>(
                                          "FeedbackService/ListVerbatims", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << VerbatimsText(answer, invocation.terminal());
  ShowMore(invocation, answer.next_page_token());
  return absl::OkStatus();
}

absl::Status FollowUps(Invocation& invocation) {
  v1::ListFollowUpsRequest request;
  RETURN_IF_ERROR(ReadList(invocation, request));
  const bool promoters = invocation.Argument(0) == "promoters";
  if (!promoters && !invocation.Argument(0).empty() && invocation.Argument(0) != "detractors") {
    return absl::InvalidArgumentError("WHOM: must be detractors or promoters");
  }
  request.set_kind(promoters ? v1::FOLLOW_UP_KIND_PROMOTER : v1::FOLLOW_UP_KIND_DETRACTOR);
  ASSIGN_OR_RETURN(const int64_t days, invocation.Number("days", 1, 3650));
  request.set_days(static_cast<int32_t>(days));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListFollowUpsResponse>(
                                          "FeedbackService/ListFollowUps", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << FollowUpsText(answer, invocation.terminal());
  ShowMore(invocation, answer.next_page_token());
  return absl::OkStatus();
}

absl::Status Movement(Invocation& invocation) {
  v1::GetScoreMovementRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  request.set_touchpoint(invocation.Text("touchpoint"));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::ScoreMovement>("FeedbackService/GetScoreMovement", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << MovementText(answer, invocation.terminal());
  return absl::OkStatus();
}

Flag From() {
  return {.name = "from", .placeholder = "DATE", .help = "First day, in the workspace's zone."};
}
Flag To() { return {.name = "to", .placeholder = "DATE", .help = "Day after the last."}; }

std::vector<Flag> ListFlags(std::string_view filter_help) {
  return {{.name = "filter", .placeholder = "FILTER", .help = filter_help},
          {.name = "limit", .placeholder = "N", .help = "At most this many.", .fallback = "50"},
          {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."}};
}

std::vector<Flag> VerbatimFlags() {
  std::vector<Flag> flags = {From(), To()};
  for (const Flag& flag :
       ListFlags("Which answers and customers, e.g. 'score <= 6 AND text:delivery'.")) {
    flags.push_back(flag);
  }
  flags.push_back({.name = "empty", .placeholder = "", .help = "Also answers without words."});
  return flags;
}

std::vector<Flag> FollowUpFlags() {
  std::vector<Flag> flags = ListFlags("Which customers, e.g. 'value.predicted > 100'.");
  flags.insert(flags.begin(), {.name = "days",
                               .placeholder = "N",
                               .help = "Only answers of the last so many days.",
                               .fallback = "90"});
  return flags;
}

}  // namespace

std::vector<Action> FeedbackActions() {
  return {
      {.path = "feedback verbatims",
       .summary = "Shows what customers said, newest first.",
       .details = "Survey answers, reviews, complaints and compliments with their words.",
       .arguments = {},
       .flags = VerbatimFlags(),
       .examples = {"feedback verbatims --workspace=shop --from=2026-01-01",
                    "feedback verbatims --workspace=shop --filter='type = nps_answered AND "
                    "score <= 6 AND text:delivery'"},
       .run = Verbatims},
      {.path = "feedback follow-ups",
       .summary = "Lists whom to talk to.",
       .details = "Detractors whom nobody has talked to since their answer, longest wait first; "
                  "or promoters who have not yet referred, reviewed or shared, newest first.",
       .arguments = {{"WHOM", "`detractors` (the default) or `promoters`.", Arity::kOptional}},
       .flags = FollowUpFlags(),
       .examples = {"feedback follow-ups --workspace=shop",
                    "feedback follow-ups --workspace=shop promoters --days=30",
                    "feedback follow-ups --workspace=shop --filter='value.predicted > 100'"},
       .run = FollowUps},
      {.path = "feedback movement",
       .summary = "Shows how scores moved, and what score groups are worth.",
       .details = "",
       .arguments = {},
       .flags = {From(),
                 To(),
                 {.name = "touchpoint",
                  .placeholder = "NAME",
                  .help = "Only answers given there."}},
       .examples = {"feedback movement --workspace=shop --from=2026-01-01"},
       .run = Movement},
  };
}

}  // namespace rapport::ctl

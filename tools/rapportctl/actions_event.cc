// SPDX-License-Identifier: Apache-2.0
// events list / send.
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"
#include "lib/base/text.h"
#include "rapport/v1/event_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/event_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

absl::Status List(Invocation& invocation) { return PrintTimeline(invocation); }

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Cat("cannot read ", path));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<v1::Event> ParseEvent(absl::string_view json) {
  v1::Event event;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &event);
  if (status.ok()) return event;
  return absl::InvalidArgumentError(Cat("not an event in JSON: ", status.ToString()));
}

// One object, or one per line.
absl::Status ParseEvents(const std::string& text, v1::IngestEventsRequest& request) {
  auto whole = ParseEvent(text);
  if (whole.ok()) {
    *request.add_events() = *std::move(whole);
    return absl::OkStatus();
  }
  for (const auto line : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    auto event = ParseEvent(line);
    if (!event.ok()) return request.events().empty() ? whole.status() : event.status();
    *request.add_events() = *std::move(event);
  }
  return absl::OkStatus();
}

absl::Status Send(Invocation& invocation) {
  v1::IngestEventsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  const std::string path = invocation.Argument(0);
  ASSIGN_OR_RETURN(const std::string text, ReadAll(path.empty() ? "-" : path));
  RETURN_IF_ERROR(ParseEvents(text, request));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::IngestEventsResponse>("EventService/IngestEvents", request));
  if (invocation.json()) {
    RETURN_IF_ERROR(invocation.PrintJson(answer));
  } else {
    invocation.out() << Cat("stored ", answer.accepted_count(), ", duplicates ",
                            answer.duplicate_count(), ", rejected ", answer.rejected_size(), "\n");
    for (const auto& rejected : answer.rejected()) {
      invocation.out() << Cat("  ", rejected.event_id(), " ", rejected.field(), " ",
                              rejected.reason(), ": ", rejected.message(), "\n");
    }
  }
  return answer.rejected().empty() ? absl::OkStatus() : BadResult("some events were rejected");
}

}  // namespace

std::vector<Action> EventActions() {
  return {
      {.path = "events list",
       .summary = "Lists a customer's events.",
       .details = "",
       .arguments = {{"CUSTOMER", "Customer id or resource name."}},
       .flags = TimelineFlags(),
       .examples = {"events list --workspace=shop 17850 --type=ORDER_PLACED --limit=5"},
       .run = List},
      {.path = "events send",
       .summary = "Sends events written as JSON.",
       .details = "One JSON object, or one object a line, with the fields of rapport.v1.Event.",
       .arguments = {{"FILE", "File with the events; standard input if absent.", Arity::kOptional}},
       .flags = {},
       .examples = {"events send --workspace=shop order.json"},
       .run = Send},
  };
}

}  // namespace rapport::ctl

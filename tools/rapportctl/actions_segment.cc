// SPDX-License-Identifier: Apache-2.0
// segments create / list / get / update / delete / count / customers / changes / test / preview.
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "lib/base/calendar.h"
#include "lib/base/text.h"
#include "rapport/v1/segment_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/input.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/segment_text.h"

namespace rapport::ctl {
namespace {

absl::StatusOr<std::string> SegmentName(const Invocation& invocation) {
  ASSIGN_OR_RETURN(const std::string parent, invocation.Workspace());
  return Cat(parent, "/segments/", invocation.Argument(0));
}

// A rule as JSON (it begins with a brace) or text proto.
absl::Status ParseRule(const std::string& path, v1::SegmentRule& rule) {
  ASSIGN_OR_RETURN(const auto input, Input::Open(path));
  std::string text;
  for (std::string_view line;;) {
    ASSIGN_OR_RETURN(const bool more, input->NextLine(line));
    if (!more) break;
    text += Cat(line, "\n");
  }
  const size_t first = text.find_first_not_of(" \t\n");
  if (first != std::string::npos && text[first] == '{') {
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, &rule);
    if (parsed.ok()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        Cat("--rule-file: no rule as JSON: ", std::string(parsed.message())));
  }
  if (google::protobuf::TextFormat::ParseFromString(text, &rule)) return absl::OkStatus();
  return absl::InvalidArgumentError("--rule-file: no rule as JSON or text proto");
}

// False when neither flag is given.
absl::StatusOr<bool> ReadRule(const Invocation& invocation, v1::SegmentRule& rule) {
  if (invocation.Has("filter")) {
    rule.set_customer(invocation.Text("filter"));
    return true;
  }
  if (!invocation.Has("rule-file")) return false;
  RETURN_IF_ERROR(ParseRule(invocation.Text("rule-file"), rule));
  return true;
}

// One customer a line, by id or name.
absl::Status ReadList(const Invocation& invocation, v1::SegmentList& list) {
  ASSIGN_OR_RETURN(const auto input, Input::Open(invocation.Text("customers-file")));
  for (std::string_view line;;) {
    ASSIGN_OR_RETURN(const bool more, input->NextLine(line));
    if (!more) return absl::OkStatus();
    const std::string id(FromAbsl(absl::StripAsciiWhitespace(ToAbsl(line))));
    if (id.empty()) continue;
    ASSIGN_OR_RETURN(*list.add_customers(), invocation.Customer(id));
  }
}

absl::Status ReadSegment(const Invocation& invocation, v1::Segment& segment) {
  if (invocation.Has("name")) segment.set_display_name(invocation.Text("name"));
  if (invocation.Has("description")) segment.set_description(invocation.Text("description"));
  v1::SegmentRule rule;
  ASSIGN_OR_RETURN(const bool has_rule, ReadRule(invocation, rule));
  if (has_rule) *segment.mutable_rule() = rule;
  if (!invocation.Has("customers-file")) return absl::OkStatus();
  segment.mutable_list()->Clear();
  return ReadList(invocation, *segment.mutable_list());
}

absl::Status Show(const Invocation& invocation, const v1::Segment& segment) {
  if (invocation.json()) return invocation.PrintJson(segment);
  invocation.out() << SegmentText(segment, invocation.terminal());
  return absl::OkStatus();
}

absl::Status Create(Invocation& invocation) {
  v1::CreateSegmentRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_segment_id(invocation.Argument(0));
  RETURN_IF_ERROR(ReadSegment(invocation, *request.mutable_segment()));
  ASSIGN_OR_RETURN(const auto segment,
                   invocation.Ask<v1::Segment>("SegmentService/CreateSegment", request));
  return Show(invocation, segment);
}

absl::StatusOr<v1::Segment> AskSegment(Invocation& invocation) {
  v1::GetSegmentRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), SegmentName(invocation));
  return invocation.Ask<v1::Segment>("SegmentService/GetSegment", request);
}

absl::Status Get(Invocation& invocation) {
  ASSIGN_OR_RETURN(const v1::Segment segment, AskSegment(invocation));
  return Show(invocation, segment);
}

absl::Status Update(Invocation& invocation) {
  v1::UpdateSegmentRequest request;
  // With its etag: nobody's change is lost.
  ASSIGN_OR_RETURN(*request.mutable_segment(), AskSegment(invocation));
  RETURN_IF_ERROR(ReadSegment(invocation, *request.mutable_segment()));
  ASSIGN_OR_RETURN(const auto segment,
                   invocation.Ask<v1::Segment>("SegmentService/UpdateSegment", request));
  return Show(invocation, segment);
}

absl::Status Delete(Invocation& invocation) {
  v1::DeleteSegmentRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), SegmentName(invocation));
  return invocation.Ask<google::protobuf::Empty>("SegmentService/DeleteSegment", request).status();
}

absl::Status List(Invocation& invocation) {
  v1::ListSegmentsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_page_size(1000);
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListSegmentsResponse>(
                                          "SegmentService/ListSegments", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << SegmentsText(answer, invocation.terminal());
  return absl::OkStatus();
}

// Sets `request`'s as_of if the flag is given.
template <typename Request>
absl::Status ReadAsOf(const Invocation& invocation, Request& request) {
  if (!invocation.Has("as-of")) return absl::OkStatus();
  const auto time = ParseTime(invocation.Text("as-of"));
  if (!time.ok()) return absl::InvalidArgumentError("--as-of: must be like 2026-01-31T23:59:59Z");
  request.mutable_as_of()->set_seconds(*time / kMicrosPerSecond);
  request.mutable_as_of()->set_nanos(static_cast<int32_t>(*time % kMicrosPerSecond * 1000));
  return absl::OkStatus();
}

absl::Status Count(Invocation& invocation) {
  v1::CountSegmentRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), SegmentName(invocation));
  RETURN_IF_ERROR(ReadAsOf(invocation, request));
  if (invocation.On("live")) request.set_view(v1::VIEW_LIVE);
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::SegmentCount>("SegmentService/CountSegment", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << SegmentCountText(answer, invocation.terminal());
  return absl::OkStatus();
}

template <typename Request>
absl::Status ReadPage(const Invocation& invocation, Request& request) {
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_page_token(invocation.Text("page-token"));
  return absl::OkStatus();
}

void ShowMore(const Invocation& invocation, std::string_view token) {
  if (!token.empty()) invocation.out() << Cat("more: --page-token=", token, "\n");
}

absl::Status Customers(Invocation& invocation) {
  v1::ListSegmentCustomersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), SegmentName(invocation));
  request.set_order_by(invocation.Text("order"));
  RETURN_IF_ERROR(ReadPage(invocation, request));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListSegmentCustomersResponse>(
                                          "SegmentService/ListSegmentCustomers", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  invocation.out() << SegmentCustomersText(answer.customers(), terminal) << "\n"
                   << ContextText(answer.context(), terminal);
  ShowMore(invocation, answer.next_page_token());
  return absl::OkStatus();
}

absl::Status Changes(Invocation& invocation) {
  v1::ListSegmentChangesRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), SegmentName(invocation));
  RETURN_IF_ERROR(ReadPage(invocation, request));
  const std::string kind = invocation.Text("kind");
  if (kind == "entered") request.set_kind(v1::SEGMENT_CHANGE_KIND_ENTERED);
  if (kind == "left") request.set_kind(v1::SEGMENT_CHANGE_KIND_LEFT);
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListSegmentChangesResponse>(
                                          "SegmentService/ListSegmentChanges", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << SegmentChangesText(answer, invocation.terminal());
  ShowMore(invocation, answer.next_page_token());
  return absl::OkStatus();
}

absl::Status Test(Invocation& invocation) {
  v1::TestSegmentRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), SegmentName(invocation));
  ASSIGN_OR_RETURN(*request.mutable_customer(), invocation.Customer(invocation.Argument(1)));
  RETURN_IF_ERROR(ReadAsOf(invocation, request));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::SegmentTest>("SegmentService/TestSegment", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  invocation.out() << SegmentTestText(answer, invocation.terminal());
  return absl::OkStatus();
}

absl::Status Preview(Invocation& invocation) {
  v1::PreviewSegmentRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const bool has_rule, ReadRule(invocation, *request.mutable_rule()));
  if (!has_rule) return absl::InvalidArgumentError("give --filter or --rule-file");
  RETURN_IF_ERROR(ReadAsOf(invocation, request));
  ASSIGN_OR_RETURN(const int64_t sample, invocation.Number("sample", 0, 100));
  request.set_sample_size(static_cast<int32_t>(sample));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::SegmentPreview>("SegmentService/PreviewSegment", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  invocation.out() << answer.rule() << "\n" << SegmentCountText(answer.count(), terminal);
  if (!answer.customers().empty()) {
    invocation.out() << "\n" << SegmentCustomersText(answer.customers(), terminal);
  }
  return absl::OkStatus();
}

std::vector<Flag> RuleFlags() {
  return {{.name = "filter",
           .placeholder = "FILTER",
           .help = "A rule on customers alone, e.g. 'stage = AT_RISK AND value.predicted > 100'."},
          {.name = "rule-file",
           .placeholder = "FILE",
           .help = "A v1.SegmentRule as JSON or text proto; - for standard input.",
           .file = true}};
}

std::vector<Flag> DefinitionFlags() {
  std::vector<Flag> flags = RuleFlags();
  flags.push_back({.name = "customers-file",
                   .placeholder = "FILE",
                   .help = "A list instead of a rule: one customer a line.",
                   .file = true});
  flags.push_back({.name = "name", .placeholder = "TEXT", .help = "Name for people."});
  flags.push_back({.name = "description", .placeholder = "TEXT", .help = "What it is for."});
  return flags;
}

Flag AsOf() {
  return {.name = "as-of", .placeholder = "TIME", .help = "As of this moment, RFC 3339."};
}

std::vector<Flag> PageFlags(std::vector<Flag> flags) {
  flags.push_back(
      {.name = "limit", .placeholder = "N", .help = "At most this many.", .fallback = "50"});
  flags.push_back(
      {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."});
  return flags;
}

std::vector<Flag> PreviewFlags() {
  std::vector<Flag> flags = RuleFlags();
  flags.push_back(AsOf());
  flags.push_back({.name = "sample",
                   .placeholder = "N",
                   .help = "Show so many of the most valuable members.",
                   .fallback = "0"});
  return flags;
}

Argument SegmentArgument() { return {"SEGMENT", "Its id."}; }

std::vector<Action> DefinitionActions() {
  return {
      {.path = "segments create",
       .summary = "Defines a segment by a rule or a list.",
       .details = "Rules: docs/segments.md. Who belongs is known at once by evaluation, and from "
                  "the next night on by the published generation.",
       .arguments = {{"SEGMENT", "Its id: 1-63 of [a-z0-9_-], starting with a letter."}},
       .flags = DefinitionFlags(),
       .examples = {"segments create at_risk_buyers --workspace=shop --rule-file=rule.json",
                    "segments create big --workspace=shop --filter='value.predicted > 500'",
                    "segments create press --workspace=shop --customers-file=press.txt"},
       .run = Create},
      {.path = "segments list",
       .summary = "Lists the segments with the figures of the last night.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"segments list --workspace=shop"},
       .run = List},
      {.path = "segments get",
       .summary = "Shows one segment with its rule.",
       .details = "",
       .arguments = {SegmentArgument()},
       .flags = {},
       .examples = {"segments get at_risk_buyers --workspace=shop"},
       .run = Get},
      {.path = "segments update",
       .summary = "Changes a segment; what no flag names stays.",
       .details = "",
       .arguments = {SegmentArgument()},
       .flags = DefinitionFlags(),
       .examples = {"segments update big --workspace=shop --filter='value.predicted > 900'"},
       .run = Update},
      {.path = "segments delete",
       .summary = "Removes a segment that no other refers to.",
       .details = "",
       .arguments = {SegmentArgument()},
       .flags = {},
       .examples = {"segments delete big --workspace=shop"},
       .run = Delete},
  };
}

std::vector<Action> MemberActions() {
  return {
      {.path = "segments count",
       .summary = "Counts the members of a segment.",
       .details = "As of the last night; with --live as of now; with --as-of at any moment, from "
                  "the events up to it.",
       .arguments = {SegmentArgument()},
       .flags = {AsOf(), {.name = "live", .placeholder = "", .help = "As of now."}},
       .examples = {"segments count at_risk_buyers --workspace=shop",
                    "segments count at_risk_buyers --workspace=shop --as-of=2026-01-31T23:59:59Z"},
       .run = Count},
      {.path = "segments customers",
       .summary = "Lists the members of a segment.",
       .details = "",
       .arguments = {SegmentArgument()},
       .flags = PageFlags({{.name = "order",
                            .placeholder = "ORDER",
                            .help = "By predicted value, or as customers first appeared.",
                            .fallback = "value",
                            .choices = "value|number"}}),
       .examples = {"segments customers at_risk_buyers --workspace=shop --limit=20"},
       .run = Customers},
      {.path = "segments changes",
       .summary = "Lists who came in and went out, newest night first.",
       .details = "",
       .arguments = {SegmentArgument()},
       .flags = PageFlags({{.name = "kind",
                            .placeholder = "KIND",
                            .help = "Only one way.",
                            .choices = "entered|left"}}),
       .examples = {"segments changes at_risk_buyers --workspace=shop --kind=entered"},
       .run = Changes},
      {.path = "segments test",
       .summary = "Explains why a customer belongs to a segment or does not.",
       .details = "",
       .arguments = {SegmentArgument(), {"CUSTOMER", "Id or name."}},
       .flags = {AsOf()},
       .examples = {"segments test at_risk_buyers c-1 --workspace=shop"},
       .run = Test},
      {.path = "segments preview",
       .summary = "Counts a rule without saving it.",
       .details = "",
       .arguments = {},
       .flags = PreviewFlags(),
       .examples = {"segments preview --workspace=shop --filter='rfm.segment = champions'"},
       .run = Preview},
  };
}

}  // namespace

std::vector<Action> SegmentActions() {
  std::vector<Action> all = DefinitionActions();
  for (Action& action : MemberActions()) all.push_back(std::move(action));
  return all;
}

}  // namespace rapport::ctl

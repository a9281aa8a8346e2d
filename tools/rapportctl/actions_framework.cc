// SPDX-License-Identifier: Apache-2.0
// frameworks list / get / create / update / delete / customers; journey show / report.
#include <fstream>
#include <ostream>
#include <sstream>

#include "google/protobuf/empty.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "rapport/v1/framework_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/framework_text.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

absl::StatusOr<std::string> FrameworkName(const Invocation& invocation, std::string_view id) {
  ASSIGN_OR_RETURN(const std::string parent, invocation.Workspace());
  return Cat(parent, "/frameworks/", id);
}

absl::Status List(Invocation& invocation) {
  v1::ListFrameworksRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListFrameworksResponse>(
                                          "FrameworkService/ListFrameworks", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table({{"framework"}, {"own"}, {"name"}, {"stages"}});
  for (const auto& framework : answer.frameworks()) {
    std::string stages;
    for (const auto& stage : framework.stages()) {
      stages += Cat(stages.empty() ? "" : " > ", stage.stage());
    }
    table.Add(
        {framework.framework(), framework.custom() ? "own" : "", framework.display_name(), stages});
  }
  invocation.out() << table.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status Show(const Invocation& invocation, const v1::Framework& framework) {
  if (invocation.json()) return invocation.PrintJson(framework);
  invocation.out() << FrameworkText(framework, invocation.terminal());
  return absl::OkStatus();
}

absl::Status Get(Invocation& invocation) {
  v1::GetFrameworkRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), FrameworkName(invocation, invocation.Argument(0)));
  ASSIGN_OR_RETURN(auto framework,
                   invocation.Ask<v1::Framework>("FrameworkService/GetFramework", request));
  if (!invocation.On("textproto")) return Show(invocation, framework);
  framework.clear_name();
  framework.clear_custom();
  framework.clear_etag();
  std::string text;
  google::protobuf::TextFormat::PrintToString(framework, &text);
  invocation.out() << text;
  return absl::OkStatus();
}

// A framework from a file: JSON if it begins with a brace, else text proto.
absl::StatusOr<v1::Framework> ReadFramework(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream read;
  read << file.rdbuf();
  if (!file) return InvalidField("FILE", "UNREADABLE", Cat("cannot read ", path));
  const std::string text = read.str();
  const size_t first = text.find_first_not_of(" \t\r\n");
  v1::Framework framework;
  if (first != std::string::npos && text[first] == '{') {
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, &framework);
    if (parsed.ok()) return framework;
    return InvalidField("FILE", "BAD_FRAMEWORK", Cat(path, ": ", parsed.ToString()));
  }
  if (google::protobuf::TextFormat::ParseFromString(text, &framework)) return framework;
  return InvalidField("FILE", "BAD_FRAMEWORK",
                      Cat(path, ": not a text proto of rapport.v1.Framework"));
}

absl::Status Create(Invocation& invocation) {
  v1::CreateFrameworkRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(*request.mutable_framework(), ReadFramework(invocation.Argument(0)));
  ASSIGN_OR_RETURN(const auto framework,
                   invocation.Ask<v1::Framework>("FrameworkService/CreateFramework", request));
  return Show(invocation, framework);
}

absl::Status Update(Invocation& invocation) {
  v1::UpdateFrameworkRequest request;
  ASSIGN_OR_RETURN(*request.mutable_framework(), ReadFramework(invocation.Argument(0)));
  v1::Framework& framework = *request.mutable_framework();
  ASSIGN_OR_RETURN(*framework.mutable_name(), FrameworkName(invocation, framework.framework()));
  if (invocation.Has("etag")) framework.set_etag(invocation.Text("etag"));
  ASSIGN_OR_RETURN(const auto updated,
                   invocation.Ask<v1::Framework>("FrameworkService/UpdateFramework", request));
  return Show(invocation, updated);
}

absl::Status Delete(Invocation& invocation) {
  v1::DeleteFrameworkRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), FrameworkName(invocation, invocation.Argument(0)));
  RETURN_IF_ERROR(
      invocation.Ask<google::protobuf::Empty>("FrameworkService/DeleteFramework", request)
          .status());
  if (!invocation.json()) invocation.out() << "deleted " << request.name() << "\n";
  return absl::OkStatus();
}

absl::Status Customers(Invocation& invocation) {
  v1::ListStageCustomersRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), FrameworkName(invocation, invocation.Argument(0)));
  request.set_stage(invocation.Argument(1));
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_page_token(invocation.Text("page-token"));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListStageCustomersResponse>(
                                          "FrameworkService/ListStageCustomers", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table({{"customer"}, {"since (UTC)"}, {"visits", true}, {"why"}});
  for (const auto& customer : answer.customers()) {
    table.Add({LastSegment(customer.customer()), FormatStamp(customer.since()),
               FormatCount(customer.visit_count()), customer.why()});
  }
  invocation.out() << (table.empty() ? "No customers.\n" : table.Text(invocation.terminal()));
  if (!answer.next_page_token().empty()) {
    invocation.out() << Cat("more: --page-token=", answer.next_page_token(), "\n");
  }
  invocation.out() << ContextText(answer.context(), invocation.terminal());
  return absl::OkStatus();
}

v1::View ViewOf(const Invocation& invocation) {
  const std::string view = invocation.Text("view");
  return view == "live"      ? v1::VIEW_LIVE
         : view == "nightly" ? v1::VIEW_NIGHTLY
                             : v1::VIEW_UNSPECIFIED;
}

absl::Status ShowJourney(Invocation& invocation) {
  v1::GetCustomerJourneyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), invocation.Customer(invocation.Argument(0)));
  request.set_framework(invocation.Text("framework"));
  request.set_view(ViewOf(invocation));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::GetCustomerJourneyResponse>(
                                          "FrameworkService/GetCustomerJourney", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  for (const auto& journey : answer.journeys()) {
    invocation.out() << JourneyText(journey, invocation.terminal()) << "\n";
  }
  invocation.out() << ContextText(answer.context(), invocation.terminal());
  return absl::OkStatus();
}

absl::Status Report(Invocation& invocation) {
  v1::QueryFrameworkRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), FrameworkName(invocation, invocation.Argument(0)));
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  request.set_filter(invocation.Text("filter"));
  request.set_view(ViewOf(invocation));
  ASSIGN_OR_RETURN(const auto report,
                   invocation.Ask<v1::FrameworkReport>("FrameworkService/QueryFramework", request));
  if (invocation.json()) return invocation.PrintJson(report);
  invocation.out() << FrameworkReportText(report, invocation.terminal())
                   << ContextText(report.context(), invocation.terminal());
  return absl::OkStatus();
}

const Argument kFramework{"FRAMEWORK", "Framework id, see `frameworks list`."};

std::vector<Action> JourneyOnlyActions() {
  const Flag view{.name = "view",
                  .placeholder = "VIEW",
                  .help = "As of the last night, or of now.",
                  .choices = "nightly|live"};
  return {
      {.path = "journey show",
       .summary = "Shows a customer's way through frameworks.",
       .details = "Where it stands, since when and why, and every visit to a stage. Live unless "
                  "--view says otherwise.",
       .arguments = {{"CUSTOMER", "Customer id."}},
       .flags = {{.name = "framework", .placeholder = "FRAMEWORK", .help = "Only this one."}, view},
       .examples = {"journey show --workspace=shop c-1001 --framework=mckinsey"},
       .run = ShowJourney},
      {.path = "journey report",
       .summary = "Shows how all customers move through a framework.",
       .details = "Stages with conversion to a later one, time in them and losses; moves between "
                  "them; value past the border; who should act. As of the last night, over 12 "
                  "months, unless flags say otherwise.",
       .arguments = {kFramework},
       .flags = {{.name = "from", .placeholder = "DATE", .help = "First day."},
                 {.name = "to", .placeholder = "DATE", .help = "Day after the last."},
                 {.name = "filter",
                  .placeholder = "FILTER",
                  .help = "Customers that count, see `docs/filters.md`."},
                 view},
       .examples = {"journey report --workspace=shop value",
                    "journey report --workspace=shop aarrr --view=live --from=2026-01-01"},
       .run = Report},
  };
}

std::vector<Action> FrameworkOnlyActions() {
  return {
      {.path = "frameworks list",
       .summary = "Lists the frameworks, built-in and own.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"frameworks list --workspace=shop"},
       .run = List},
      {.path = "frameworks get",
       .summary = "Shows a framework: stages, evidence, ways, owners.",
       .details = "",
       .arguments = {kFramework},
       .flags = {{.name = "textproto",
                  .placeholder = "",
                  .help = "As a file for `frameworks create`, to be changed."}},
       .examples = {"frameworks get --workspace=shop mckinsey",
                    "frameworks get --workspace=shop value --textproto > own.textproto"},
       .run = Get},
      {.path = "frameworks create",
       .summary = "Adds a framework of the workspace's own.",
       .details = "The file holds a rapport.v1.Framework as text proto or JSON.",
       .arguments = {{"FILE", "Text proto, or JSON if it begins with a brace."}},
       .flags = {},
       .examples = {"frameworks create --workspace=shop own.textproto"},
       .run = Create},
      {.path = "frameworks update",
       .summary = "Replaces a framework of the workspace's own.",
       .details = "",
       .arguments = {{"FILE", "Text proto, or JSON if it begins with a brace."}},
       .flags = {{.name = "etag",
                  .placeholder = "ETAG",
                  .help = "Only if the stored framework still has this one."}},
       .examples = {"frameworks update --workspace=shop own.textproto"},
       .run = Update},
      {.path = "frameworks delete",
       .summary = "Removes a framework of the workspace's own.",
       .details = "",
       .arguments = {kFramework},
       .flags = {},
       .examples = {"frameworks delete --workspace=shop own"},
       .run = Delete},
      {.path = "frameworks customers",
       .summary = "Lists the customers of a stage as the last night found them.",
       .details = "",
       .arguments = {kFramework, {"STAGE", "Stage id, or `left` for those who left."}},
       .flags =
           {{.name = "limit", .placeholder = "N", .help = "At most this many.", .fallback = "50"},
            {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."}},
       .examples = {"frameworks customers --workspace=shop value advocacy"},
       .run = Customers},
  };
}

}  // namespace

std::vector<Action> FrameworkActions() {
  std::vector<Action> actions = FrameworkOnlyActions();
  for (Action& action : JourneyOnlyActions()) actions.push_back(std::move(action));
  return actions;
}

}  // namespace rapport::ctl

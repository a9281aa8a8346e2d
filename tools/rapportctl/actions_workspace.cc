// SPDX-License-Identifier: Apache-2.0
// workspaces create / get / list / update.
#include <ostream>

#include "absl/strings/numbers.h"
#include "lib/base/text.h"
#include "rapport/v1/admin_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

std::vector<Flag> SettingFlags() {
  return {
      {.name = "display-name", .placeholder = "TEXT", .help = "Name for people."},
      {.name = "time-zone", .placeholder = "ZONE", .help = "IANA zone in which days begin."},
      {.name = "currency", .placeholder = "ISO", .help = "Base currency, e.g. EUR."},
      {.name = "week-start",
       .placeholder = "DAY",
       .help = "First day of the week.",
       .choices = "monday|sunday"},
      {.name = "horizon-days", .placeholder = "N", .help = "Days over which value is predicted."},
      {.name = "discount-rate", .placeholder = "RATE", .help = "A year, e.g. 0.1."},
  };
}

// Fills the settings given and names them in `paths`.
absl::Status ReadSettings(const Invocation& invocation, v1::Workspace& workspace,
                          google::protobuf::FieldMask& mask) {
  if (invocation.Has("display-name")) {
    workspace.set_display_name(invocation.Text("display-name"));
    mask.add_paths("display_name");
  }
  if (invocation.Has("time-zone")) {
    workspace.set_time_zone(invocation.Text("time-zone"));
    mask.add_paths("time_zone");
  }
  if (invocation.Has("currency")) {
    workspace.set_base_currency(invocation.Text("currency"));
    mask.add_paths("base_currency");
  }
  if (invocation.Has("week-start")) {
    const bool sunday = invocation.Text("week-start") == "sunday";
    workspace.set_week_start(sunday ? v1::WEEK_START_SUNDAY : v1::WEEK_START_MONDAY);
    mask.add_paths("week_start");
  }
  if (invocation.Has("horizon-days")) {
    ASSIGN_OR_RETURN(const int64_t days, invocation.Number("horizon-days", 1, 3650));
    workspace.set_value_horizon_days(static_cast<int32_t>(days));
    mask.add_paths("value_horizon_days");
  }
  if (invocation.Has("discount-rate")) {
    double rate = 0;
    if (!absl::SimpleAtod(invocation.Text("discount-rate"), &rate)) {
      return absl::InvalidArgumentError("--discount-rate: must be a number such as 0.1");
    }
    workspace.set_annual_discount_rate(rate);
    mask.add_paths("annual_discount_rate");
  }
  return absl::OkStatus();
}

absl::Status Show(const Invocation& invocation, const v1::Workspace& workspace) {
  if (invocation.json()) return invocation.PrintJson(workspace);
  Sheet sheet;
  sheet.Add("workspace", LastSegment(workspace.name()));
  sheet.Add("name", workspace.display_name());
  sheet.Add("time zone", workspace.time_zone());
  sheet.Add("base currency", workspace.base_currency());
  sheet.Add("week starts", workspace.week_start() == v1::WEEK_START_SUNDAY ? "Sunday" : "Monday");
  sheet.Add("value horizon", Cat(workspace.value_horizon_days(), " days"));
  sheet.Add("discount rate", Cat(FormatShare(workspace.annual_discount_rate()), " a year"));
  sheet.Add("created", FormatStamp(workspace.create_time()));
  invocation.out() << sheet.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status Create(Invocation& invocation) {
  v1::CreateWorkspaceRequest request;
  google::protobuf::FieldMask mask;
  request.set_workspace_id(invocation.Argument(0));
  RETURN_IF_ERROR(ReadSettings(invocation, *request.mutable_workspace(), mask));
  auto made = invocation.Ask<v1::Workspace>("AdminService/CreateWorkspace", request);
  const bool exists = made.status().code() == absl::StatusCode::kAlreadyExists;
  if (exists && invocation.On("if-missing")) {
    v1::GetWorkspaceRequest get;
    get.set_name(Cat("workspaces/", invocation.Argument(0)));
    made = invocation.Ask<v1::Workspace>("AdminService/GetWorkspace", get);
  }
  RETURN_IF_ERROR(made.status());
  return Show(invocation, *made);
}

absl::Status Get(Invocation& invocation) {
  v1::GetWorkspaceRequest request;
  request.set_name(Cat("workspaces/", invocation.Argument(0)));
  ASSIGN_OR_RETURN(const auto workspace,
                   invocation.Ask<v1::Workspace>("AdminService/GetWorkspace", request));
  return Show(invocation, workspace);
}

absl::Status List(Invocation& invocation) {
  v1::ListWorkspacesRequest request;
  request.set_page_size(1000);
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListWorkspacesResponse>(
                                          "AdminService/ListWorkspaces", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table({{"workspace"}, {"currency"}, {"time zone"}, {"created"}, {"name"}});
  for (const auto& workspace : answer.workspaces()) {
    table.Add({LastSegment(workspace.name()), workspace.base_currency(), workspace.time_zone(),
               FormatStamp(workspace.create_time()), workspace.display_name()});
  }
  invocation.out() << table.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status Update(Invocation& invocation) {
  v1::UpdateWorkspaceRequest request;
  request.mutable_workspace()->set_name(Cat("workspaces/", invocation.Argument(0)));
  RETURN_IF_ERROR(
      ReadSettings(invocation, *request.mutable_workspace(), *request.mutable_update_mask()));
  if (request.update_mask().paths().empty()) {
    return absl::InvalidArgumentError("nothing to change: give a setting, e.g. --time-zone");
  }
  ASSIGN_OR_RETURN(const auto workspace,
                   invocation.Ask<v1::Workspace>("AdminService/UpdateWorkspace", request));
  return Show(invocation, workspace);
}

}  // namespace

std::vector<Action> WorkspaceActions() {
  std::vector<Flag> create_flags = SettingFlags();
  create_flags.push_back({.name = "if-missing",
                          .placeholder = "",
                          .help = "Succeed when the workspace is there already."});
  return {
      {.path = "workspaces create",
       .summary = "Creates a workspace.",
       .details = "",
       .arguments = {{"WORKSPACE", "Its id: 1-63 of [a-z0-9-], starting with a letter."}},
       .flags = create_flags,
       .examples = {"workspaces create shop --currency=EUR --time-zone=Europe/Berlin"},
       .run = Create},
      {.path = "workspaces get",
       .summary = "Shows a workspace's settings.",
       .details = "",
       .arguments = {{"WORKSPACE", "Its id."}},
       .flags = {},
       .examples = {"workspaces get shop"},
       .run = Get},
      {.path = "workspaces list",
       .summary = "Lists workspaces.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"workspaces list --json"},
       .run = List},
      {.path = "workspaces update",
       .summary = "Changes settings of a workspace.",
       .details = "Derived answers follow at the next nightly run.",
       .arguments = {{"WORKSPACE", "Its id."}},
       .flags = SettingFlags(),
       .examples = {"workspaces update shop --horizon-days=180"},
       .run = Update},
  };
}

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
// workspaces create / get / list / update.
#include <ostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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
      {.name = "purchase-model",
       .placeholder = "MODEL",
       .help = "How repeat purchases are modelled; auto takes the best of all.",
       .choices = "auto|bg_nbd|mbg_nbd|pareto_nbd|bg_cnbd_k|mbg_cnbd_k|bg_bb|nbd"},
      {.name = "time-unit-days", .placeholder = "DAYS", .help = "Unit of the model's parameters."},
      {.name = "margin", .placeholder = "SHARE", .help = "Share of revenue that is kept, 0-1."},
      {.name = "churn-days", .placeholder = "N", .help = "Horizon of churn predictions."},
      {.name = "subscription-days", .placeholder = "N", .help = "Days of a subscription period."},
      {.name = "channel-covariate",
       .placeholder = "",
       .help = "The channel of the first order acts on the purchase model."},
      {.name = "model-by-channel",
       .placeholder = "",
       .help = "A purchase model for each channel of the first order."},
      {.name = "covariates",
       .placeholder = "KEY,...",
       .help = "Customer attributes that act on the purchase model, at most 8."},
      {.name = "model-by",
       .placeholder = "KEY",
       .help = "A purchase model for each value of this attribute, or for each `channel`."},
      {.name = "require-spend-mean",
       .placeholder = "",
       .help = "Fit spend so that its population mean is finite (q > 1)."},
  };
}

absl::StatusOr<double> Decimal(const Invocation& invocation, const std::string& flag) {
  double value = 0;
  if (absl::SimpleAtod(invocation.Text(flag), &value)) return value;
  return absl::InvalidArgumentError(Cat("--", flag, ": must be a number such as 0.1"));
}

absl::Status ReadValueSettings(const Invocation& invocation, v1::ValueSettings& value,
                               google::protobuf::FieldMask& mask) {
  const auto given = [&](const char* flag, const char* field) {
    const bool has = invocation.Has(flag) || invocation.On(flag);
    if (has) mask.add_paths(Cat("value_settings.", field));
    return has;
  };
  if (given("purchase-model", "purchase_model")) {
    value.set_purchase_model(invocation.Text("purchase-model"));
  }
  if (given("time-unit-days", "time_unit_days")) {
    ASSIGN_OR_RETURN(const double days, Decimal(invocation, "time-unit-days"));
    value.set_time_unit_days(days);
  }
  if (given("margin", "margin")) {
    ASSIGN_OR_RETURN(const double margin, Decimal(invocation, "margin"));
    value.set_margin(margin);
  }
  if (given("churn-days", "churn_horizon_days")) {
    ASSIGN_OR_RETURN(const int64_t days, invocation.Number("churn-days", 1, 730));
    value.set_churn_horizon_days(static_cast<int32_t>(days));
  }
  if (given("subscription-days", "subscription_period_days")) {
    ASSIGN_OR_RETURN(const int64_t days, invocation.Number("subscription-days", 1, 366));
    value.set_subscription_period_days(static_cast<int32_t>(days));
  }
  if (given("channel-covariate", "channel_covariate")) {
    value.set_channel_covariate(invocation.On("channel-covariate"));
  }
  if (given("model-by-channel", "model_by_channel")) {
    value.set_model_by_channel(invocation.On("model-by-channel"));
  }
  if (given("covariates", "covariate_attributes")) {
    for (const auto key : absl::StrSplit(invocation.Text("covariates"), ',', absl::SkipEmpty())) {
      value.add_covariate_attributes(std::string(FromAbsl(key)));
    }
  }
  if (given("model-by", "model_by")) value.set_model_by(invocation.Text("model-by"));
  if (given("require-spend-mean", "require_spend_mean")) {
    value.set_require_spend_mean(invocation.On("require-spend-mean"));
  }
  return absl::OkStatus();
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
    ASSIGN_OR_RETURN(const double rate, Decimal(invocation, "discount-rate"));
    workspace.set_annual_discount_rate(rate);
    mask.add_paths("annual_discount_rate");
  }
  return ReadValueSettings(invocation, *workspace.mutable_value_settings(), mask);
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
  const v1::ValueSettings& value = workspace.value_settings();
  sheet.Add("purchase model",
            Cat(value.purchase_model(), value.channel_covariate() ? ", channel as covariate" : "",
                value.model_by_channel() ? ", one for each channel" : ""));
  if (!value.covariate_attributes().empty()) {
    sheet.Add("covariates", absl::StrJoin(value.covariate_attributes(), ", "));
  }
  if (!value.model_by().empty()) sheet.Add("a model for each", value.model_by());
  sheet.Add("margin", FormatShare(value.margin()));
  sheet.Add("churn horizon", Cat(value.churn_horizon_days(), " days"));
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

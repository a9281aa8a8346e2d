// SPDX-License-Identifier: Apache-2.0
// goals create / update / delete / list; alerts list / watch.
#include <optional>
#include <ostream>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/text.h"
#include "rapport/v1/reference_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

constexpr int kBarWidth = 20;

absl::StatusOr<double> Decimal(const Invocation& invocation, const std::string& flag) {
  double value = 0;
  if (absl::SimpleAtod(invocation.Text(flag), &value)) return value;
  return absl::InvalidArgumentError(Cat("--", flag, ": must be a number such as 42.5"));
}

// Takes the flags that were given over.
absl::Status ReadGoal(const Invocation& invocation, v1::Goal& goal) {
  if (invocation.Has("metric")) goal.set_metric(invocation.Text("metric"));
  if (invocation.Has("filter")) goal.set_filter(invocation.Text("filter"));
  if (invocation.Has("from")) goal.set_start_date(invocation.Text("from"));
  if (invocation.Has("to")) goal.set_end_date(invocation.Text("to"));
  if (invocation.Has("owner")) goal.set_owner(invocation.Text("owner"));
  if (invocation.Has("target")) {
    ASSIGN_OR_RETURN(const double target, Decimal(invocation, "target"));
    goal.set_target(target);
  }
  if (invocation.Has("baseline")) {
    ASSIGN_OR_RETURN(const double baseline, Decimal(invocation, "baseline"));
    goal.set_baseline(baseline);
  }
  return absl::OkStatus();
}

absl::Status ShowGoal(const Invocation& invocation, const v1::Goal& goal) {
  if (invocation.json()) return invocation.PrintJson(goal);
  Sheet sheet;
  sheet.Add("goal", goal.goal());
  sheet.Add("metric", goal.metric());
  sheet.Add("filter", goal.filter());
  sheet.Add("target", FormatNumber(goal.target(), 2));
  if (goal.has_baseline()) sheet.Add("baseline", FormatNumber(goal.baseline(), 2));
  sheet.Add("from", goal.start_date());
  sheet.Add("to", goal.end_date());
  sheet.Add("owner", goal.owner());
  sheet.Add("etag", goal.etag());
  invocation.out() << sheet.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status CreateGoal(Invocation& invocation) {
  v1::CreateGoalRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.mutable_goal()->set_goal(invocation.Argument(0));
  RETURN_IF_ERROR(ReadGoal(invocation, *request.mutable_goal()));
  ASSIGN_OR_RETURN(const auto goal,
                   invocation.Ask<v1::Goal>("ReferenceService/CreateGoal", request));
  return ShowGoal(invocation, goal);
}

absl::StatusOr<v1::ListGoalsResponse> AskGoals(Invocation& invocation, const std::string& metric) {
  v1::ListGoalsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_metric(metric);
  return invocation.Ask<v1::ListGoalsResponse>("ReferenceService/ListGoals", request);
}

absl::Status UpdateGoal(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto known, AskGoals(invocation, ""));
  for (const v1::GoalAttainment& attainment : known.goals()) {
    if (attainment.goal().goal() != invocation.Argument(0)) continue;
    v1::UpdateGoalRequest request;
    *request.mutable_goal() = attainment.goal();  // With its etag: nobody's change is lost.
    RETURN_IF_ERROR(ReadGoal(invocation, *request.mutable_goal()));
    ASSIGN_OR_RETURN(const auto goal,
                     invocation.Ask<v1::Goal>("ReferenceService/UpdateGoal", request));
    return ShowGoal(invocation, goal);
  }
  return absl::NotFoundError(Cat("no goal '", invocation.Argument(0), "'"));
}

absl::Status DeleteGoal(Invocation& invocation) {
  v1::DeleteGoalRequest request;
  ASSIGN_OR_RETURN(const std::string parent, invocation.Workspace());
  request.set_name(Cat(parent, "/goals/", invocation.Argument(0)));
  return invocation.Ask<google::protobuf::Empty>("ReferenceService/DeleteGoal", request).status();
}

std::string AttainmentBar(const v1::GoalAttainment& attainment, const Terminal& terminal) {
  if (!attainment.has_attainment()) return "";
  const double share = std::min(1.0, std::max(0.0, attainment.attainment()));
  return terminal.In(attainment.on_track() ? Paint::kGreen : Paint::kRed, Bar(share, kBarWidth));
}

absl::Status ListGoals(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto answer, AskGoals(invocation, invocation.Text("metric")));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  if (answer.goals().empty()) invocation.out() << "No goals.\n";
  Table table({{"goal"},
               {"metric"},
               {"target", true},
               {"now", true},
               {"done", true},
               {"time", true},
               {"until"},
               {""}});
  std::string words;
  for (const v1::GoalAttainment& attainment : answer.goals()) {
    const v1::Goal& goal = attainment.goal();
    table.Add(
        {goal.goal(), goal.metric(), FormatNumber(goal.target(), 2),
         attainment.current().has_value() ? FormatNumber(attainment.current().value(), 2) : "-",
         attainment.has_attainment() ? FormatShare(attainment.attainment(), 0) : "-",
         FormatShare(attainment.elapsed(), 0), goal.end_date(),
         AttainmentBar(attainment, terminal)});
    words = Cat(words, goal.goal(), ": ", attainment.summary(), "\n");
  }
  if (!table.empty()) invocation.out() << table.Text(terminal) << "\n" << words;
  invocation.out() << ContextText(answer.context(), terminal);
  return absl::OkStatus();
}

std::string KindText(v1::AlertKind kind) {
  return FormatEnum(v1::AlertKind_Name(kind), "ALERT_KIND_");
}

absl::Status ListAlerts(Invocation& invocation) {
  v1::ListAlertsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_metric(invocation.Text("metric"));
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_page_token(invocation.Text("page-token"));
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::ListAlertsResponse>("ReferenceService/ListAlerts", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table({{"date"},
               {"metric"},
               {"kind"},
               {"value", true},
               {"expected", true},
               {"range"},
               {"deviations", true},
               {"raised (UTC)"}});
  for (const v1::Alert& alert : answer.alerts()) {
    table.Add(
        {alert.date(), alert.metric(), KindText(alert.kind()), FormatNumber(alert.value(), 2),
         FormatNumber(alert.expected(), 2),
         Cat(FormatNumber(alert.range().low(), 2), " to ", FormatNumber(alert.range().high(), 2)),
         FormatNumber(alert.deviations(), 1), FormatStamp(alert.create_time())});
  }
  invocation.out() << (table.empty() ? "No alerts.\n" : table.Text(invocation.terminal()));
  if (!answer.next_page_token().empty()) {
    invocation.out() << Cat("more: --page-token=", answer.next_page_token(), "\n");
  }
  return absl::OkStatus();
}

// Follows until it is interrupted; with --deadline for that long.
absl::Status WatchAlerts(Invocation& invocation) {
  v1::WatchAlertsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  if (invocation.Has("after")) {
    request.set_after(Cat(request.parent(), "/alerts/", LastSegment(invocation.Text("after"))));
  }
  ASSIGN_OR_RETURN(Connection * connection, invocation.Server());
  const bool limited = invocation.Has("deadline");
  const absl::Status ended =
      connection->WatchAlerts(request, limited, [&](const v1::Alert& alert) -> absl::Status {
        if (invocation.json()) {
          RETURN_IF_ERROR(invocation.PrintJson(alert));
        } else {
          invocation.out() << Cat(FormatStamp(alert.create_time()), "  ", KindText(alert.kind()),
                                  "  ", alert.summary(), "\n");
        }
        invocation.out().flush();
        return absl::OkStatus();
      });
  return limited && absl::IsDeadlineExceeded(ended) ? absl::OkStatus() : ended;
}

std::vector<Flag> GoalFlags(bool required) {
  return {
      {.name = "metric",
       .placeholder = "METRIC",
       .help = "What is measured.",
       .required = required},
      {.name = "target", .placeholder = "VALUE", .help = "Value to reach.", .required = required},
      {.name = "from", .placeholder = "DATE", .help = "First day.", .required = required},
      {.name = "to", .placeholder = "DATE", .help = "Day after the last.", .required = required},
      {.name = "filter",
       .placeholder = "FILTER",
       .help = "Customers and events it holds for, see `docs/filters.md`."},
      {.name = "baseline",
       .placeholder = "VALUE",
       .help = "Value at the start; else the metric over the period before."},
      {.name = "owner", .placeholder = "TEXT", .help = "Who is responsible."},
  };
}

std::vector<Action> GoalOnlyActions() {
  return {
      {.path = "goals create",
       .summary = "Sets a target for a metric over a period.",
       .details = "",
       .arguments = {{"GOAL", "Its id: 1-63 of [a-z0-9_-], starting with a letter."}},
       .flags = GoalFlags(true),
       .examples = {"goals create --workspace=shop nps-spring --metric=nps --target=50 "
                    "--from=2026-03-01 --to=2026-06-01"},
       .run = CreateGoal},
      {.path = "goals update",
       .summary = "Changes a goal.",
       .details = "What is not given stays. Fails when somebody else changes it meanwhile.",
       .arguments = {{"GOAL", "Its id."}},
       .flags = GoalFlags(false),
       .examples = {"goals update --workspace=shop nps-spring --target=55"},
       .run = UpdateGoal},
      {.path = "goals delete",
       .summary = "Removes a goal.",
       .details = "",
       .arguments = {{"GOAL", "Its id."}},
       .flags = {},
       .examples = {"goals delete --workspace=shop nps-spring"},
       .run = DeleteGoal},
      {.path = "goals list",
       .summary = "Lists the goals and where they stand now.",
       .details = "",
       .arguments = {},
       .flags = {{.name = "metric", .placeholder = "METRIC", .help = "Only this metric's."}},
       .examples = {"goals list --workspace=shop"},
       .run = ListGoals},
  };
}

std::vector<Action> AlertActions() {
  return {
      {.path = "alerts list",
       .summary = "Lists what the nightly change detection found, newest first.",
       .details = "",
       .arguments = {},
       .flags =
           {{.name = "metric", .placeholder = "METRIC", .help = "Only this metric's."},
            {.name = "limit", .placeholder = "N", .help = "At most this many.", .fallback = "50"},
            {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."}},
       .examples = {"alerts list --workspace=shop --metric=revenue"},
       .run = ListAlerts},
      {.path = "alerts watch",
       .summary = "Shows alerts as nights raise them, oldest first.",
       .details = "Goes on until it is interrupted; with --deadline, for that long.",
       .arguments = {},
       .flags = {{.name = "after",
                  .placeholder = "ALERT",
                  .help = "Only those after this one, e.g. revenue-2026-03-01."}},
       .examples = {"alerts watch --workspace=shop"},
       .run = WatchAlerts},
  };
}

}  // namespace

std::vector<Action> GoalActions() {
  std::vector<Action> actions = GoalOnlyActions();
  for (Action& action : AlertActions()) actions.push_back(std::move(action));
  return actions;
}

}  // namespace rapport::ctl

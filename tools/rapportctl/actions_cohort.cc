// SPDX-License-Identifier: Apache-2.0
// cohorts retention; lifecycle show / transitions.
#include <algorithm>
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/cohort_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/chart.h"
#include "tools/rapportctl/customer_text.h"
#include "tools/rapportctl/event_text.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

absl::Status Retention(Invocation& invocation) {
  v1::QueryRetentionRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_birth(invocation.Text("birth") == "first_event" ? v1::COHORT_BIRTH_FIRST_EVENT
                                                              : v1::COHORT_BIRTH_FIRST_ORDER);
  request.set_return_event(invocation.Text("return") == "any_event" ? v1::COHORT_RETURN_ANY_EVENT
                                                                    : v1::COHORT_RETURN_ORDER);
  request.set_mode(invocation.Text("mode") == "on_or_after" ? v1::RETENTION_MODE_ON_OR_AFTER
                                                            : v1::RETENTION_MODE_ON);
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  ASSIGN_OR_RETURN(const auto report,
                   invocation.Ask<v1::RetentionReport>("CohortService/QueryRetention", request));
  if (invocation.json()) return invocation.PrintJson(report);
  const std::string show = invocation.Text("show");
  ASSIGN_OR_RETURN(const int64_t periods, invocation.Number("periods", 1, 600));
  const HeatValue value = show == "customers" ? HeatValue::kReturned
                          : show == "revenue" ? HeatValue::kRevenue
                                              : HeatValue::kRate;
  const std::string unit = show == "revenue"     ? "net revenue"
                           : show == "customers" ? "customers"
                                                 : "%";
  const Terminal& terminal = invocation.terminal();
  invocation.out() << Cat("Retention by month of ",
                          invocation.Text("birth") == "first_event" ? "first event" : "first order",
                          ", ", unit, " (* month not over)\n")
                   << HeatMap(report, {value, static_cast<int>(periods)}, terminal)
                   << ContextText(report.context(), terminal);
  return absl::OkStatus();
}

std::string StagesText(const v1::LifecycleReport& report, const Terminal& terminal) {
  Table table({{"stage"}, {"customers", true}, {"share", true}, {""}});
  double most = 1e-9;
  for (const auto& stage : report.stages()) most = std::max(most, stage.share());
  for (const auto& stage : report.stages()) {
    table.Add({StageText(stage.stage()), FormatCount(stage.customer_count()),
               FormatShare(stage.share()),
               terminal.In(Paint::kCyan, Bar(stage.share() / most, 30))});
  }
  return table.Text(terminal);
}

std::string FlowsText(const v1::LifecycleReport& report, const Terminal& terminal) {
  Table table({{"from"}, {"to"}, {"transitions", true}});
  for (const auto& flow : report.flows()) {
    const bool first = flow.from_stage() == v1::LIFECYCLE_STAGE_UNSPECIFIED;
    table.Add({first ? "(new)" : StageText(flow.from_stage()), StageText(flow.to_stage()),
               FormatCount(flow.transition_count())});
  }
  return table.empty() ? "" : Cat("\n", table.Text(terminal));
}

std::string GrowthText(const v1::LifecycleReport& report, const Terminal& terminal) {
  Table table({{"month"},
               {"new", true},
               {"returning", true},
               {"resurrecting", true},
               {"went dormant", true}});
  for (const auto& point : report.growth()) {
    table.Add({Cat(point.start_date(), point.incomplete() ? "*" : ""),
               FormatCount(point.new_customers()), FormatCount(point.returning()),
               FormatCount(point.resurrecting()), FormatCount(point.dormant())});
  }
  return table.empty() ? "" : Cat("\n", table.Text(terminal));
}

absl::Status Show(Invocation& invocation) {
  v1::QueryLifecycleRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  request.set_start_date(invocation.Text("from"));
  request.set_end_date(invocation.Text("to"));
  ASSIGN_OR_RETURN(const auto report,
                   invocation.Ask<v1::LifecycleReport>("CohortService/QueryLifecycle", request));
  if (invocation.json()) return invocation.PrintJson(report);
  const Terminal& terminal = invocation.terminal();
  invocation.out() << StagesText(report, terminal) << FlowsText(report, terminal)
                   << GrowthText(report, terminal) << "\n"
                   << ContextText(report.context(), terminal);
  return absl::OkStatus();
}

absl::StatusOr<v1::ListTransitionsRequest> TransitionsRequest(const Invocation& invocation) {
  v1::ListTransitionsRequest request;
  if (invocation.arguments().empty()) {
    ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  } else {
    ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Customer(invocation.Argument(0)));
  }
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 1000));
  request.set_page_size(static_cast<int32_t>(limit));
  request.set_page_token(invocation.Text("page-token"));
  if (invocation.Has("to-stage")) {
    v1::LifecycleStage stage;
    if (!v1::LifecycleStage_Parse(Cat("LIFECYCLE_STAGE_", invocation.Text("to-stage")), &stage)) {
      return absl::InvalidArgumentError("--to-stage: must be a stage such as AT_RISK");
    }
    request.set_to_stage(stage);
  }
  if (invocation.Has("from")) {
    RETURN_IF_ERROR(ReadTimeFlag(invocation, "from", request.mutable_start_time()));
  }
  if (invocation.Has("to")) {
    RETURN_IF_ERROR(ReadTimeFlag(invocation, "to", request.mutable_end_time()));
  }
  return request;
}

absl::Status Transitions(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto request, TransitionsRequest(invocation));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListTransitionsResponse>(
                                          "CohortService/ListTransitions", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Table table({{"time (UTC)"}, {"customer"}, {"from"}, {"to"}, {"because"}});
  for (const auto& transition : answer.transitions()) {
    table.Add({FormatStamp(transition.transition_time()), LastSegment(transition.customer()),
               StageText(transition.from_stage()), StageText(transition.to_stage()),
               transition.cause()});
  }
  invocation.out() << table.Text(invocation.terminal());
  if (!answer.next_page_token().empty()) {
    invocation.out() << Cat("more: --page-token=", answer.next_page_token(), "\n");
  }
  invocation.out() << ContextText(answer.context(), invocation.terminal());
  return absl::OkStatus();
}

}  // namespace

std::vector<Action> CohortActions() {
  const Flag from{.name = "from", .placeholder = "DATE", .help = "First day."};
  const Flag to{.name = "to", .placeholder = "DATE", .help = "Day after the last."};
  return {
      {.path = "cohorts retention",
       .summary = "Shows retention by acquisition month.",
       .details = "On a terminal with colour the triangle is a heat map; otherwise plain numbers.",
       .arguments = {},
       .flags = {{.name = "birth",
                  .placeholder = "WHAT",
                  .help = "What starts a customer.",
                  .fallback = "first_order",
                  .choices = "first_order|first_event"},
                 {.name = "return",
                  .placeholder = "WHAT",
                  .help = "What counts as coming back.",
                  .fallback = "order",
                  .choices = "order|any_event"},
                 {.name = "mode",
                  .placeholder = "HOW",
                  .help = "In the month, or then or later.",
                  .fallback = "on",
                  .choices = "on|on_or_after"},
                 {.name = "show",
                  .placeholder = "WHAT",
                  .help = "Figure in the cells.",
                  .fallback = "rate",
                  .choices = "rate|customers|revenue"},
                 {.name = "periods",
                  .placeholder = "N",
                  .help = "Months since to show.",
                  .fallback = "12"},
                 from,
                 to},
       .examples = {"cohorts retention --workspace=shop",
                    "cohorts retention --workspace=shop --show=customers --mode=on_or_after"},
       .run = Retention},
      {.path = "lifecycle show",
       .summary = "Shows stages, flows between them and growth.",
       .details = "",
       .arguments = {},
       .flags = {from, to},
       .examples = {"lifecycle show --workspace=shop"},
       .run = Show},
      {.path = "lifecycle transitions",
       .summary = "Lists steps from stage to stage.",
       .details = "",
       .arguments = {{"CUSTOMER", "Only this customer.", Arity::kOptional}},
       .flags =
           {{.name = "limit", .placeholder = "N", .help = "At most this many.", .fallback = "50"},
            {.name = "to-stage", .placeholder = "STAGE", .help = "Only into this stage."},
            {.name = "from", .placeholder = "TIME", .help = "Only at or after this time."},
            {.name = "to", .placeholder = "TIME", .help = "Only before this time."},
            {.name = "page-token", .placeholder = "TOKEN", .help = "Go on after an earlier page."}},
       .examples = {"lifecycle transitions --workspace=shop --to-stage=AT_RISK"},
       .run = Transitions},
  };
}

}  // namespace rapport::ctl

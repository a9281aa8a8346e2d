// SPDX-License-Identifier: Apache-2.0
// store stats / check; quality.
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/admin_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

absl::Status Stats(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto stats, invocation.Ask<v1::StoreStats>("AdminService/GetStoreStats",
                                                                    v1::GetStoreStatsRequest()));
  if (invocation.json()) return invocation.PrintJson(stats);
  Sheet sheet;
  sheet.Add("format version", Cat(stats.format_version()));
  sheet.Add("customers", FormatCount(stats.customer_count()));
  sheet.Add("events since last seal", FormatCount(stats.tail_event_count()));
  sheet.Add("log sequence", Cat(FormatCount(stats.last_log_sequence()), ", sealed up to ",
                                FormatCount(stats.sealed_log_sequence())));
  sheet.Add("event ids remembered", FormatCount(stats.remembered_event_id_count()));
  sheet.Add("server memory", FormatBytes(stats.resident_bytes()));
  Table table({{"part"}, {"keys", true}, {"size", true}});
  int64_t total = 0;
  for (const auto& part : stats.parts()) {
    table.Add({part.part(), FormatCount(part.key_count()), FormatBytes(part.size_bytes())});
    total += part.size_bytes();
  }
  table.Add({"all", "", FormatBytes(total)});
  invocation.out() << sheet.Text(invocation.terminal()) << "\n"
                   << table.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status Check(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::CheckStoreResponse>(
                                          "AdminService/CheckStore", v1::CheckStoreRequest()));
  if (invocation.json()) {
    RETURN_IF_ERROR(invocation.PrintJson(answer));
  } else {
    const Terminal& terminal = invocation.terminal();
    Table table({{"check"}, {"items", true}, {"result"}});
    for (const auto& check : answer.checks()) {
      table.Add({check.check(), FormatCount(check.item_count()),
                 check.problems().empty() ? "ok" : Cat(check.problems_size(), " problems")});
    }
    invocation.out() << table.Text(terminal);
    for (const auto& check : answer.checks()) {
      for (const auto& problem : check.problems()) {
        invocation.out() << Cat(terminal.In(Paint::kRed, check.check()), ": ", problem, "\n");
      }
    }
  }
  return answer.healthy() ? absl::OkStatus() : BadResult("the store is not healthy");
}

absl::Status Checkpoint(Invocation& invocation) {
  v1::CreateCheckpointRequest request;
  request.set_run_id(invocation.Argument(0));
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::CreateCheckpointResponse>(
                                          "AdminService/CreateCheckpoint", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  Sheet sheet;
  sheet.Add("checkpoint", answer.path());
  sheet.Add("log sequence", FormatCount(answer.log_sequence()));
  invocation.out() << sheet.Text(invocation.terminal());
  return absl::OkStatus();
}

absl::Status Quality(Invocation& invocation) {
  v1::GetQualityReportRequest request;
  ASSIGN_OR_RETURN(*request.mutable_parent(), invocation.Workspace());
  ASSIGN_OR_RETURN(const auto report,
                   invocation.Ask<v1::QualityReport>("AdminService/GetQualityReport", request));
  if (invocation.json()) return invocation.PrintJson(report);
  Sheet sheet;
  sheet.Add("since", FormatStamp(report.start_time()));
  sheet.Add("stored", FormatCount(report.accepted_count()));
  sheet.Add("duplicates", FormatCount(report.duplicate_count()));
  sheet.Add("late", FormatCount(report.late_count()));
  invocation.out() << sheet.Text(invocation.terminal());
  Table table({{"refused because"}, {"field"}, {"events", true}});
  for (const auto& rejection : report.rejections()) {
    table.Add({rejection.reason(), rejection.field(), FormatCount(rejection.event_count())});
  }
  if (!table.empty()) invocation.out() << "\n" << table.Text(invocation.terminal());
  return absl::OkStatus();
}

}  // namespace

std::vector<Action> StoreActions() {
  return {
      {.path = "store stats",
       .summary = "Shows sizes and counts of the store.",
       .details = "",
       .arguments = {},
       .flags = {},
       .examples = {"store stats"},
       .run = Stats},
      {.path = "store check",
       .summary = "Checks every block and row of the store.",
       .details = "Exit code 1 when something is wrong. Reads everything, so give it time with "
                  "--deadline.",
       .arguments = {},
       .flags = {},
       .examples = {"store check --deadline=10m"},
       .run = Check},
      {.path = "store checkpoint",
       .summary = "Makes a consistent copy of the running store.",
       .details = "Hard links on the server's machine: copy the folder away, then remove it.",
       .arguments = {{"NAME", "Name of the copy, 1-64 of [A-Za-z0-9_-]."}},
       .flags = {},
       .examples = {"store checkpoint backup-2026-11-21"},
       .run = Checkpoint},
      {.path = "quality",
       .summary = "Shows stored, duplicate, late and refused events.",
       .details = "Counts since the server started.",
       .arguments = {},
       .flags = {},
       .examples = {"quality --workspace=shop"},
       .run = Quality},
  };
}

}  // namespace rapport::ctl

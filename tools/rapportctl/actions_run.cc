// SPDX-License-Identifier: Apache-2.0
// runs list / get; generations list / rollback.
#include <ostream>

#include "lib/base/text.h"
#include "rapport/v1/admin_service.pb.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

std::string StateText(v1::RunState state, const Terminal& terminal) {
  const std::string text = FormatEnum(v1::RunState_Name(state), "RUN_STATE_");
  if (state == v1::RUN_STATE_FAILED) return terminal.In(Paint::kRed, text);
  return state == v1::RUN_STATE_SUCCEEDED ? terminal.In(Paint::kGreen, text) : text;
}

std::string RunTime(const v1::Run& run) {
  if (!run.has_end_time()) return "";
  const double seconds =
      static_cast<double>(run.end_time().seconds() - run.start_time().seconds()) +
      (run.end_time().nanos() - run.start_time().nanos()) / 1e9;
  return Cat(FormatNumber(seconds, 2), " s");
}

absl::StatusOr<int32_t> Limit(const Invocation& invocation) {
  ASSIGN_OR_RETURN(const int64_t limit, invocation.Number("limit", 1, 100));
  return static_cast<int32_t>(limit);
}

absl::Status ListRuns(Invocation& invocation) {
  v1::ListRunsRequest request;
  ASSIGN_OR_RETURN(const int32_t limit, Limit(invocation));
  request.set_page_size(limit);
  ASSIGN_OR_RETURN(const auto answer,
                   invocation.Ask<v1::ListRunsResponse>("AdminService/ListRuns", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  Table table({{"run"},
               {"state"},
               {"started (UTC)"},
               {"time", true},
               {"customers", true},
               {"refolded", true},
               {"events", true},
               {"generation"}});
  for (const auto& run : answer.runs()) {
    table.Add({LastSegment(run.name()), StateText(run.state(), terminal),
               FormatStamp(run.start_time()), RunTime(run), FormatCount(run.customer_count()),
               FormatCount(run.refolded_customer_count()), FormatCount(run.event_count()),
               LastSegment(run.generation())});
  }
  invocation.out() << table.Text(terminal);
  return absl::OkStatus();
}

absl::Status GetRun(Invocation& invocation) {
  v1::GetRunRequest request;
  const std::string id = invocation.Argument(0);
  request.set_name(id.starts_with("runs/") ? id : Cat("runs/", id));
  ASSIGN_OR_RETURN(const auto run, invocation.Ask<v1::Run>("AdminService/GetRun", request));
  if (invocation.json()) return invocation.PrintJson(run);
  const Terminal& terminal = invocation.terminal();
  Sheet sheet;
  sheet.Add("run", LastSegment(run.name()));
  sheet.Add("state", StateText(run.state(), terminal));
  sheet.Add("error", run.error());
  sheet.Add("started", FormatStamp(run.start_time()));
  sheet.Add("time", RunTime(run));
  sheet.Add("as of", FormatStamp(run.as_of()));
  sheet.Add("generation", LastSegment(run.generation()));
  sheet.Add("customers",
            Cat(FormatCount(run.customer_count()), ", recomputed ",
                FormatCount(run.refolded_customer_count()), run.full() ? " (full)" : ""));
  sheet.Add("events", FormatCount(run.event_count()));
  if (run.peak_memory_bytes() > 0) sheet.Add("peak memory", FormatBytes(run.peak_memory_bytes()));
  for (const std::string& note : run.notes()) sheet.Add("note", note);
  Table steps({{"step"}, {"time", true}, {"rows", true}, {""}});
  for (const auto& step : run.steps()) {
    steps.Add({step.step(), FormatDuration(step.duration()), FormatCount(step.row_count()),
               step.resumed() ? "done before" : ""});
  }
  invocation.out() << sheet.Text(terminal);
  if (!steps.empty()) invocation.out() << "\n" << steps.Text(terminal);
  return absl::OkStatus();
}

int64_t TotalRows(const v1::Generation& generation) {
  int64_t rows = 0;
  for (const auto& dataset : generation.datasets()) rows += dataset.row_count();
  return rows;
}

int64_t TotalBytes(const v1::Generation& generation) {
  int64_t bytes = 0;
  for (const auto& dataset : generation.datasets()) bytes += dataset.size_bytes();
  return bytes;
}

absl::Status ListGenerations(Invocation& invocation) {
  v1::ListGenerationsRequest request;
  ASSIGN_OR_RETURN(const int32_t limit, Limit(invocation));
  request.set_page_size(limit);
  ASSIGN_OR_RETURN(const auto answer, invocation.Ask<v1::ListGenerationsResponse>(
                                          "AdminService/ListGenerations", request));
  if (invocation.json()) return invocation.PrintJson(answer);
  const Terminal& terminal = invocation.terminal();
  Table table({{"generation"},
               {""},
               {"as of (UTC)"},
               {"published (UTC)"},
               {"rows", true},
               {"size", true},
               {"run"}});
  for (const auto& generation : answer.generations()) {
    table.Add({LastSegment(generation.name()),
               generation.current() ? terminal.In(Paint::kGreen, "current") : "",
               FormatStamp(generation.as_of()), FormatStamp(generation.publish_time()),
               FormatCount(TotalRows(generation)), FormatBytes(TotalBytes(generation)),
               LastSegment(generation.run())});
  }
  invocation.out() << table.Text(terminal);
  return absl::OkStatus();
}

absl::Status Rollback(Invocation& invocation) {
  v1::RollbackGenerationRequest request;
  const std::string expected = invocation.Text("expect-current");
  if (!expected.empty()) {
    request.set_expected_current(expected.find('/') == std::string::npos
                                     ? Cat("workspaces/-/generations/", expected)
                                     : expected);
  }
  ASSIGN_OR_RETURN(const auto generation,
                   invocation.Ask<v1::Generation>("AdminService/RollbackGeneration", request));
  if (invocation.json()) return invocation.PrintJson(generation);
  invocation.out() << Cat("generation ", LastSegment(generation.name()), " serves now, as of ",
                          FormatStamp(generation.as_of()), " UTC\n");
  return absl::OkStatus();
}

}  // namespace

std::vector<Action> RunActions() {
  const Flag limit{.name = "limit",
                   .placeholder = "N",
                   .help = "At most this many, up to 100.",
                   .fallback = "20"};
  return {
      {.path = "runs list",
       .summary = "Lists nightly runs, newest first.",
       .details = "",
       .arguments = {},
       .flags = {limit},
       .examples = {"runs list"},
       .run = ListRuns},
      {.path = "runs get",
       .summary = "Shows a run with the cost of its steps.",
       .details = "",
       .arguments = {{"RUN", "Run id."}},
       .flags = {},
       .examples = {"runs get 20261121-020000"},
       .run = GetRun},
      {.path = "generations list",
       .summary = "Lists stored generations, newest first.",
       .details = "",
       .arguments = {},
       .flags = {limit},
       .examples = {"generations list"},
       .run = ListGenerations},
      {.path = "generations rollback",
       .summary = "Goes back to the generation before.",
       .details = "Readers see the earlier answers at once; the next nightly run goes on from "
                  "there.",
       .arguments = {},
       .flags = {{.name = "expect-current",
                  .placeholder = "ID",
                  .help = "Refuse unless this generation is current."}},
       .examples = {"generations rollback --expect-current=42"},
       .run = Rollback},
  };
}

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
// import.
#include <ostream>

#include "lib/base/text.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/importer.h"
#include "tools/rapportctl/invocation.h"

namespace rapport::ctl {
namespace {

void PrintSummary(const Invocation& invocation, const ImportSummary& summary, double seconds) {
  const bool dry_run = invocation.On("dry-run");
  Sheet sheet;
  const auto& mapped = summary.mapping;
  sheet.Add("rows read", FormatCount(mapped.rows));
  for (const auto& [reason, count] : mapped.skipped) {
    sheet.Add(Cat("  left out, ", reason), FormatCount(count));
  }
  sheet.Add("events made", FormatCount(mapped.events));
  if (mapped.spoiled_groups > 0) {
    sheet.Add("groups spoiled by a refused row", FormatCount(mapped.spoiled_groups));
  }
  if (summary.resumed_events > 0) {
    sheet.Add("  acknowledged before", FormatCount(summary.resumed_events));
  }
  if (!dry_run) {
    sheet.Add("stored", FormatCount(summary.sent.accepted));
    sheet.Add("duplicates", FormatCount(summary.sent.duplicates));
  }
  sheet.Add("rejected", FormatCount(summary.rejects));
  for (const auto& [reason, count] : summary.reject_reasons) {
    sheet.Add(Cat("  ", reason), FormatCount(count));
  }
  const double rate = seconds > 0 ? static_cast<double>(mapped.rows) / seconds : 0;
  sheet.Add("time", Cat(FormatNumber(seconds, 2), " s, ", FormatNumber(rate, 0), " rows/s"));
  invocation.out() << sheet.Text(invocation.terminal());
}

void PrintJsonSummary(const Invocation& invocation, const ImportSummary& summary) {
  std::string skipped;
  for (const auto& [reason, count] : summary.mapping.skipped) {
    skipped = Cat(skipped, skipped.empty() ? "" : ", ", "\"", reason, "\": ", count);
  }
  invocation.out() << Cat(
      "{\"rows\": ", summary.mapping.rows, ", \"events\": ", summary.mapping.events,
      ", \"accepted\": ", summary.sent.accepted, ", \"duplicates\": ", summary.sent.duplicates,
      ", \"rejected\": ", summary.rejects, ", \"resumed\": ", summary.resumed_events,
      ", \"skipped\": {", skipped, "}}\n");
}

absl::StatusOr<ImportOptions> ReadOptions(Invocation& invocation) {
  ImportOptions options;
  options.dry_run = invocation.On("dry-run");
  if (!options.dry_run) {
    ASSIGN_OR_RETURN(options.workspace, invocation.Workspace());
  }
  options.files = invocation.arguments();
  options.rejects_path = invocation.Text("rejects");
  options.resume_path = invocation.Text("resume-file");
  ASSIGN_OR_RETURN(const int64_t batch, invocation.Number("batch-size", 1, 10000));
  ASSIGN_OR_RETURN(const int64_t window, invocation.Number("in-flight", 1, 64));
  options.batch_size = static_cast<size_t>(batch);
  options.window = static_cast<size_t>(window);
  return options;
}

absl::Status Run(Invocation& invocation) {
  ASSIGN_OR_RETURN(const ImportOptions options, ReadOptions(invocation));
  ASSIGN_OR_RETURN(const int64_t max_rejects, invocation.Number("max-rejects", 0, INT64_MAX));
  ASSIGN_OR_RETURN(const auto mapping, LoadMapping(invocation.Text("mapping")));
  Connection* connection = nullptr;
  if (!options.dry_run) {
    ASSIGN_OR_RETURN(connection, invocation.Server());
  }
  const std::function<int64_t()> now = [&invocation] { return invocation.now_micros(); };
  ProgressBar progress(invocation.err(), invocation.error_terminal(), "rows", now());
  ASSIGN_OR_RETURN(const ImportSummary summary,
                   Import(connection, mapping, options, progress, now));
  if (invocation.json()) {
    PrintJsonSummary(invocation, summary);
  } else {
    PrintSummary(invocation, summary, progress.ElapsedSeconds(now()));
  }
  if (summary.rejects <= max_rejects) return absl::OkStatus();
  return BadResult(Cat(summary.rejects, " rejects are more than --max-rejects=", max_rejects));
}

}  // namespace

std::vector<Action> ImportActions() {
  return {{
      .path = "import",
      .summary = "Loads events from CSV or JSONL files by a mapping file.",
      .details =
          "A mapping says how rows become events; tools/mappings/ has examples and "
          "proto/rapport/store/v1/import_mapping.proto every field. Rows stream through "
          "StreamEvents with several batches in flight. Running an import again stores nothing "
          "twice, because event ids are made from the rows.",
      .arguments = {{"FILE", "Input files, packed by gzip or not; - is standard input.",
                     Arity::kMany}},
      .flags =
          {{.name = "mapping",
            .placeholder = "FILE",
            .help = "Mapping as text proto.",
            .required = true,
            .file = true},
           {.name = "rejects",
            .placeholder = "FILE",
            .help = "Write refused rows with reason to this CSV file.",
            .file = true},
           {.name = "max-rejects",
            .placeholder = "N",
            .help = "Exit code 1 when more rows and events are refused.",
            .fallback = "0"},
           {.name = "resume-file",
            .placeholder = "FILE",
            .help = "Remember what is acknowledged and go on from there.",
            .file = true},
           {.name = "batch-size",
            .placeholder = "N",
            .help = "Events in a batch.",
            .fallback = "1000"},
           {.name = "in-flight", .placeholder = "N", .help = "Batches in flight.", .fallback = "8"},
           {.name = "dry-run", .placeholder = "", .help = "Read and map, but send nothing."}},
      .examples = {"import --workspace=shop --mapping=tools/mappings/online_retail.textproto "
                   "online_retail.csv.gz",
                   "import --mapping=orders.textproto --dry-run orders.csv",
                   "import --workspace=shop --mapping=m.textproto --rejects=bad.csv "
                   "--resume-file=load.state a.csv b.csv"},
      .run = Run,
  }};
}

}  // namespace rapport::ctl

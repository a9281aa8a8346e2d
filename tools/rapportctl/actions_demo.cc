// SPDX-License-Identifier: Apache-2.0
// demo load / describe.
#include <ostream>

#include "lib/base/calendar.h"
#include "lib/base/text.h"
#include "rapport/v1/admin_service.pb.h"
#include "tools/demo/business.h"
#include "tools/demo/describe.h"
#include "tools/rapportctl/action.h"
#include "tools/rapportctl/format.h"
#include "tools/rapportctl/invocation.h"
#include "tools/rapportctl/progress.h"
#include "tools/rapportctl/stream.h"

namespace rapport::ctl {
namespace {

constexpr std::string_view kDemoWorkspace = "workspaces/demo";

absl::StatusOr<demo::Options> ReadOptions(const Invocation& invocation) {
  demo::Options options;
  ASSIGN_OR_RETURN(const int64_t customers, invocation.Number("customers", 1, 1'000'000'000));
  ASSIGN_OR_RETURN(const int64_t seed, invocation.Number("seed", 0, INT64_MAX));
  ASSIGN_OR_RETURN(const int64_t days, invocation.Number("days", 1, 3650));
  options.customers = static_cast<uint64_t>(customers);
  options.seed = static_cast<uint64_t>(seed);
  options.days = static_cast<int>(days);
  if (invocation.Has("end")) {
    const auto end = ParseDate(invocation.Text("end"));
    if (!end.ok()) return absl::InvalidArgumentError("--end: must be a date such as 2026-11-01");
    options.end = *end;
  }
  return options;
}

std::string WorkspaceOf(const Invocation& invocation) {
  const auto workspace = invocation.Workspace();
  return workspace.ok() ? *workspace : std::string(kDemoWorkspace);
}

absl::Status CreateIfMissing(Invocation& invocation, const std::string& name) {
  v1::CreateWorkspaceRequest request;
  request.set_workspace_id(LastSegment(name));
  request.mutable_workspace()->set_display_name("Lumen & Oak (demo)");
  request.mutable_workspace()->set_base_currency("EUR");
  request.mutable_workspace()->set_time_zone("UTC");
  const auto made = invocation.Ask<v1::Workspace>("AdminService/CreateWorkspace", request);
  const bool exists = made.status().code() == absl::StatusCode::kAlreadyExists;
  return exists ? absl::OkStatus() : made.status();
}

// Sends customer by customer, or all events by time.
absl::Status SendAll(const demo::Business& shop, bool by_time, size_t batch_size,
                     const std::function<void(uint64_t)>& customer_done, EventSender& sender) {
  std::vector<v1::Event> events;
  v1::StreamEventsRequest batch;
  const auto send = [&]() -> absl::Status {
    for (v1::Event& event : events) {
      *batch.add_events() = std::move(event);
      if (static_cast<size_t>(batch.events_size()) < batch_size) continue;
      RETURN_IF_ERROR(sender.Send(std::exchange(batch, {})));
    }
    events.clear();
    return absl::OkStatus();
  };
  if (by_time) events = shop.InTimeOrder();
  for (uint64_t i = 0; !by_time && i < shop.options().customers; ++i) {
    shop.Customer(i, events);
    RETURN_IF_ERROR(send());
    customer_done(i + 1);
  }
  RETURN_IF_ERROR(send());
  if (batch.events_size() > 0) RETURN_IF_ERROR(sender.Send(std::move(batch)));
  return sender.Finish();
}

absl::Status Load(Invocation& invocation) {
  ASSIGN_OR_RETURN(const demo::Options options, ReadOptions(invocation));
  ASSIGN_OR_RETURN(const int64_t batch_size, invocation.Number("batch-size", 1, 10000));
  ASSIGN_OR_RETURN(const int64_t window, invocation.Number("in-flight", 1, 64));
  ASSIGN_OR_RETURN(Connection * connection, invocation.Server());
  const std::string workspace = WorkspaceOf(invocation);
  RETURN_IF_ERROR(CreateIfMissing(invocation, workspace));
  const demo::Business shop(options);
  int64_t acknowledged = 0;
  std::string first_reject;
  EventSender sender(*connection, {.workspace = workspace, .window = static_cast<size_t>(window)},
                     [&](const auto& batch, const auto& ack) {
                       acknowledged += batch.events_size();
                       if (ack.rejected().empty() || !first_reject.empty()) return;
                       first_reject = Cat(ack.rejected(0).event_id(), " ", ack.rejected(0).field(),
                                          ": ", ack.rejected(0).message());
                     });
  ProgressBar progress(invocation.err(), invocation.error_terminal(), "events",
                       invocation.now_micros());
  const auto show = [&](uint64_t done) {
    if (done % 64 != 0) return;
    progress.Show(static_cast<int64_t>(done), static_cast<int64_t>(options.customers), acknowledged,
                  invocation.now_micros());
  };
  const absl::Status status =
      SendAll(shop, invocation.On("by-time"), static_cast<size_t>(batch_size), show, sender);
  progress.End();
  RETURN_IF_ERROR(status);
  const SendTotals& totals = sender.totals();
  const double seconds = progress.ElapsedSeconds(invocation.now_micros());
  const int64_t sent = totals.accepted + totals.duplicates + totals.rejected;
  if (invocation.json()) {
    invocation.out() << Cat(
        "{\"customers\": ", options.customers, ", \"accepted\": ", totals.accepted,
        ", \"duplicates\": ", totals.duplicates, ", \"rejected\": ", totals.rejected, "}\n");
  } else {
    invocation.out() << Cat("Lumen & Oak in ", LastSegment(workspace), ": ",
                            FormatCount(static_cast<int64_t>(options.customers)), " customers, ",
                            FormatCount(totals.accepted), " events stored, ",
                            FormatCount(totals.duplicates), " known before, ",
                            FormatNumber(seconds, 2), " s, ",
                            FormatNumber(static_cast<double>(sent) / seconds, 0), " events/s\n");
  }
  if (totals.rejected == 0) return absl::OkStatus();
  return BadResult(Cat(totals.rejected, " events were rejected, first ", first_reject));
}

absl::Status Describe(Invocation& invocation) {
  ASSIGN_OR_RETURN(const demo::Options options, ReadOptions(invocation));
  if (invocation.json()) {
    invocation.out() << demo::DescribeJson(options);
    return absl::OkStatus();
  }
  Table table({{"model"}, {"parameter"}, {"truth", true}, {"meaning"}});
  for (const auto& parameter : demo::KnownParameters()) {
    table.Add(
        {parameter.model, parameter.name, FormatNumber(parameter.value, 2), parameter.meaning});
  }
  invocation.out() << "Lumen & Oak: what the models should find (times in weeks)\n\n"
                   << table.Text(invocation.terminal());
  return absl::OkStatus();
}

std::vector<Flag> BusinessFlags() {
  return {
      {.name = "customers", .placeholder = "N", .help = "Number of customers.", .fallback = "2000"},
      {.name = "seed",
       .placeholder = "N",
       .help = "Another seed is another shop.",
       .fallback = "1"},
      {.name = "days", .placeholder = "N", .help = "Length of its history.", .fallback = "730"},
      {.name = "end", .placeholder = "DATE", .help = "Day after the last, UTC; else 2026-11-01."},
  };
}

}  // namespace

std::vector<Action> DemoActions() {
  std::vector<Flag> load_flags = BusinessFlags();
  load_flags.push_back({.name = "by-time",
                        .placeholder = "",
                        .help = "Send in order of time, made in memory, instead of customer by "
                                "customer."});
  load_flags.push_back(
      {.name = "batch-size", .placeholder = "N", .help = "Events in a batch.", .fallback = "1000"});
  load_flags.push_back(
      {.name = "in-flight", .placeholder = "N", .help = "Batches in flight.", .fallback = "8"});
  return {
      {.path = "demo load",
       .summary = "Loads the demo shop into a workspace.",
       .details = "Creates the workspace (demo unless --workspace is given) if it is missing. "
                  "The same flags give the same events, so loading twice stores nothing twice.",
       .arguments = {},
       .flags = load_flags,
       .examples = {"demo load --customers=2000", "demo load --workspace=big --customers=100000"},
       .run = Load},
      {.path = "demo describe",
       .summary = "Shows the demo shop's true parameters.",
       .details = "",
       .arguments = {},
       .flags = BusinessFlags(),
       .examples = {"demo describe --json"},
       .run = Describe},
  };
}

}  // namespace rapport::ctl

// SPDX-License-Identifier: Apache-2.0
#include "jobs/run_report.h"

#include <google/protobuf/util/json_util.h>
#include <sys/resource.h>

#include <cstdio>

#include "jobs/pipeline/progress.h"
#include "lib/base/text.h"

namespace rapport::jobs {
namespace {

void SetTime(TimeMicros micros, google::protobuf::Timestamp& time) {
  time.set_seconds(micros / kMicrosPerSecond);
  time.set_nanos(static_cast<int32_t>(micros % kMicrosPerSecond * 1000));
}

int64_t PeakMemoryBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

double SecondsOf(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
}

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

std::string StepLine(const v1::RunStep& step) {
  return Format("  %-14s %8.2f s  %14s rows%s\n", step.step().c_str(), SecondsOf(step.duration()),
                Grouped(step.row_count()).c_str(), step.resumed() ? "  (done before)" : "");
}

}  // namespace

v1::Run DescribeRunning(const NightlyState& state) {
  v1::Run run;
  run.set_name(Cat("runs/", state.run_id()));
  run.set_state(v1::RUN_STATE_RUNNING);
  run.set_full(state.full());
  SetTime(state.start_time_micros(), *run.mutable_start_time());
  SetTime(state.manifest().as_of_micros(), *run.mutable_as_of());
  *run.mutable_steps() = state.steps();
  int64_t customers = 0, events = 0, refolded = 0;
  for (const auto& [number, workspace] : state.manifest().workspaces()) {
    customers += workspace.customer_count();
    events += workspace.event_count();
  }
  for (const WorkspaceProgress& workspace : state.workspaces()) {
    refolded += workspace.refolded_customer_count();
  }
  run.set_customer_count(customers);
  run.set_event_count(events);
  run.set_refolded_customer_count(refolded);
  run.set_peak_memory_bytes(PeakMemoryBytes());
  return run;
}

v1::Run DescribeRun(const NightlyState& state, TimeMicros now, const absl::Status& ended) {
  v1::Run run = DescribeRunning(state);
  SetTime(now, *run.mutable_end_time());
  run.set_state(ended.ok() ? v1::RUN_STATE_SUCCEEDED : v1::RUN_STATE_FAILED);
  if (ended.ok()) {
    run.set_generation(Cat("workspaces/-/generations/", state.manifest().generation()));
  } else {
    run.set_error(ended.ToString());
  }
  return run;
}

std::string RunText(const v1::Run& run) {
  const bool succeeded = run.state() == v1::RUN_STATE_SUCCEEDED;
  const double seconds =
      static_cast<double>(run.end_time().seconds() - run.start_time().seconds()) +
      (run.end_time().nanos() - run.start_time().nanos()) / 1e9;
  std::string text =
      Cat(run.name(), succeeded ? " published " : " failed", succeeded ? run.generation() : "",
          run.full() ? " (full)" : "", Format(" in %.1f s\n", seconds));
  const TimeMicros as_of = run.as_of().seconds() * kMicrosPerSecond + run.as_of().nanos() / 1000;
  text += Cat("  as of ", FormatTime(as_of), ": ", Grouped(run.customer_count()), " customers, ",
              Grouped(run.event_count()), " events; ", Grouped(run.refolded_customer_count()),
              " customers computed from their events\n");
  for (const v1::RunStep& step : run.steps()) text += StepLine(step);
  text += Format("  peak memory %.0f MB\n", static_cast<double>(run.peak_memory_bytes()) / 1e6);
  for (const std::string& note : run.notes()) text += Cat("  ", note, "\n");
  if (!run.error().empty()) text += Cat("  ", run.error(), "\n");
  return text;
}

std::string RunJson(const v1::Run& run) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(run, &json, options).ok()) return "{}\n";
  return json;
}

}  // namespace rapport::jobs

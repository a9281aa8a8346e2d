// SPDX-License-Identifier: Apache-2.0
// rapport-nightly: run by cron or a systemd timer beside the server. See docs/pipeline.md.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "jobs/admin_client.h"
#include "jobs/command_line.h"
#include "jobs/exit_code.h"
#include "jobs/nightly.h"
#include "jobs/pipeline/plan.h"
#include "jobs/run_report.h"
#include "jobs/stages/catalog.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"

namespace {

using namespace rapport;        // NOLINT(google-build-using-namespace): the program's own file
using namespace rapport::jobs;  // NOLINT(google-build-using-namespace)

absl::Status PrintPlan() {
  const auto stages = AllStages();
  ASSIGN_OR_RETURN(const auto waves, PlanWaves(stages));
  std::fputs(DescribePlan(waves).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status RunAndReport(const CommandLine& line) {
  ASSIGN_OR_RETURN(const auto admin, ConnectAdmin(line.connect));
  // Readers go first.
  setpriority(PRIO_PROCESS, 0, line.nice);
  ProgressStyle style = isatty(STDERR_FILENO) != 0 ? ProgressStyle::kBar : ProgressStyle::kLines;
  if (line.quiet) style = ProgressStyle::kQuiet;
  Progress progress(style);
  const SystemClock clock;
  ASSIGN_OR_RETURN(const v1::Run run, RunNightly(line.nightly, *admin, clock, progress));
  if (line.json) {
    std::fputs(RunJson(run).c_str(), stdout);
  } else if (!line.quiet) {
    std::fputs(RunText(run).c_str(), stdout);
  }
  return absl::OkStatus();
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "rapport-nightly: %s\n", std::string(status.message()).c_str());
  return ExitCodeOf(status);
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = ParseCommandLine({argv + 1, static_cast<size_t>(argc - 1)});
  if (!line.ok()) {
    Fail(line.status());
    return kExitUsage;
  }
  if (line->help) {
    std::fputs(HelpText().c_str(), stdout);
    return kExitOk;
  }
  const absl::Status status = line->plan ? PrintPlan() : RunAndReport(*line);
  return status.ok() ? kExitOk : Fail(status);
}

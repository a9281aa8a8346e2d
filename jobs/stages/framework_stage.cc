// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/framework_stage.h"

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "jobs/pipeline/customer_source.h"
#include "jobs/pipeline/writer.h"
#include "jobs/stages/metric_scope.h"
#include "jobs/stages/report_stage.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/events/customer_pass.h"
#include "lib/frameworks/registry.h"
#include "lib/frameworks/report.h"
#include "lib/frameworks/walk.h"
#include "lib/store/definitions.h"
#include "lib/store/keys.h"
#include "rapport/store/v1/framework.pb.h"

namespace rapport::jobs {
namespace {

using frameworks::CompiledFramework;
using frameworks::ReportSums;
using frameworks::ReportWindow;

// They do not move: walks point to them. By number, from 1.
using Compiled = std::deque<CompiledFramework>;

// Customers by framework number and stage, rising.
using StageLists = std::map<std::pair<uint16_t, uint8_t>, std::vector<CustomerNo>>;

absl::StatusOr<frameworks::Registry> ReadRegistry(const Run& run, uint32_t workspace_no) {
  const store::Definitions definitions(run.store->table(store::TableId::kDefinitions),
                                       workspace_no);
  ASSIGN_OR_RETURN(const auto rows, definitions.List(store::DefinitionKind::kFramework));
  std::vector<v1::Framework> own;
  for (const store::Definition& row : rows) {
    if (!own.emplace_back().ParseFromString(row.bytes)) {
      return DataLoss(Cat("definitions/framework/", row.id), "row does not decode");
    }
  }
  return frameworks::Registry(own);
}

// Frameworks that cannot be walked now are passed over: they are refused when asked for.
Compiled Compile(const frameworks::Registry& registry, const metrics::Scope& scope) {
  Compiled all;
  for (const v1::Framework& framework : registry.frameworks()) {
    auto compiled = CompiledFramework::Create(framework, scope);
    if (compiled.ok()) {
      all.push_back(*std::move(compiled));
    } else {
      Log(LogLevel::kWarning, "framework is not walked",
          {{"framework", framework.framework()}, {"error", compiled.status().ToString()}});
    }
  }
  return all;
}

void AddStanding(uint32_t number, const frameworks::Journey& journey,
                 store::v1::CustomerStandings& out) {
  if (journey.visits.empty()) return;
  const frameworks::Visit& last = journey.visits.back();
  const bool inside = journey.stage != frameworks::kOutside;
  const frameworks::Cause& cause = inside ? last.cause : last.left_cause;
  store::v1::FrameworkStanding& standing = *out.add_standings();
  standing.set_framework_no(number);
  standing.set_stage(journey.stage);
  standing.set_since_micros(inside ? last.entered : last.left);
  standing.set_kind(inside ? last.kind : last.left_by);
  standing.set_evidence_type(cause.type);
  standing.set_silence_days(static_cast<uint32_t>(cause.silence_days));
  standing.set_from_stage(inside ? last.from : last.stage);
  standing.set_visit_count(static_cast<uint32_t>(journey.visits.size()));
}

// All frameworks over the customers of a range.
class JourneyStep final : public events::PassStep {
 public:
  struct Row {
    CustomerNo customer_no = 0;
    store::v1::CustomerStandings standings;
  };

  JourneyStep(const Compiled& compiled, const ReportWindow& window) {
    for (const CompiledFramework& framework : compiled) {
      walks_.emplace_back(framework);
      sums.emplace_back(framework, window);
    }
  }

  absl::Status Customer(events::CustomerWalk& walk) override {
    filter::CustomerEvents customer;
    customer.customer_no = walk.customer_no();
    customer.events = walk.events();
    customer.payloads = &walk;
    Row row{walk.customer_no(), {}};
    for (size_t i = 0; i < walks_.size(); ++i) {
      const frameworks::Journey& journey = walks_[i].Walk(customer);
      sums[i].Add(journey);
      AddStanding(static_cast<uint32_t>(i + 1), journey, row.standings);
    }
    if (!row.standings.standings().empty()) rows.push_back(std::move(row));
    return walk.status();
  }

  std::vector<ReportSums> sums;
  std::vector<Row> rows;

 private:
  std::deque<frameworks::JourneyWalk> walks_;  // They do not move.
};

// Writes a workspace's rows: customers' own as they come, then those by stage.
class StandingRows {
 public:
  StandingRows(uint32_t workspace_no, RowWriter& writer)
      : workspace_no_(workspace_no), writer_(writer) {}

  absl::Status Add(const JourneyStep& step) {
    for (const JourneyStep::Row& row : step.rows) {
      const store::StandingKey key{.workspace_no = workspace_no_, .customer_no = row.customer_no};
      RETURN_IF_ERROR(writer_.Add(key.Encode(), row.standings.SerializeAsString()));
      for (const store::v1::FrameworkStanding& standing : row.standings.standings()) {
        lists_[{static_cast<uint16_t>(standing.framework_no()),
                static_cast<uint8_t>(standing.stage())}]
            .push_back(row.customer_no);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Finish() {
    for (const auto& [place, customers] : lists_) {
      for (const CustomerNo customer_no : customers) {
        const store::StandingKey key{workspace_no_, place.first, place.second, customer_no};
        RETURN_IF_ERROR(writer_.Add(key.Encode(), ""));
      }
    }
    return writer_.Finish();
  }

 private:
  const uint32_t workspace_no_;
  RowWriter& writer_;
  StageLists lists_;
};

ReportWindow WindowOf(const metrics::Scope& scope) {
  const CivilDays end = scope.as_of_day() + 1;
  const CivilDays begin = frameworks::DefaultFirstDay(end);
  return {scope.calendar.StartOf(begin), scope.calendar.StartOf(end)};
}

class FrameworkStage final : public Stage {
 public:
  std::string_view name() const override { return "frameworks"; }
  std::vector<std::string_view> needs() const override { return {"seal"}; }
  Source source() const override { return Source::kNone; }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    int64_t rows = 0;
    for (const WorkspaceRun& workspace : run.workspaces) {
      ASSIGN_OR_RETURN(const int64_t written, WalkWorkspace(run, workspace));
      rows += written;
    }
    return rows;
  }

 private:
  static absl::StatusOr<int64_t> WalkWorkspace(Run& run, const WorkspaceRun& workspace) {
    ASSIGN_OR_RETURN(const auto scope, LoadMetricScope(run, workspace));
    ASSIGN_OR_RETURN(const auto registry, ReadRegistry(run, workspace.number));
    const Compiled compiled = Compile(registry, scope->scope);
    const ReportWindow window = WindowOf(scope->scope);
    JourneyStep total(compiled, window);
    ASSIGN_OR_RETURN(const auto writer, RowWriter::Open(run, store::DatasetId::kStandings,
                                                        Cat("w", workspace.number)));
    StandingRows rows(workspace.number, *writer);
    RETURN_IF_ERROR(Scan(run, workspace, compiled, window, [&](const JourneyStep& step) {
      for (size_t i = 0; i < total.sums.size(); ++i) total.sums[i].Merge(step.sums[i]);
      return rows.Add(step);
    }));
    RETURN_IF_ERROR(rows.Finish());
    RETURN_IF_ERROR(RecordFile(run, writer->file()));
    AddFrameworkReport(run, workspace.number, compiled, total.sums);
    return static_cast<int64_t>(writer->file().row_count);
  }

  static absl::Status Scan(const Run& run, const WorkspaceRun& workspace, const Compiled& compiled,
                           const ReportWindow& window,
                           absl::FunctionRef<absl::Status(const JourneyStep&)> merge) {
    if (workspace.last_customer_no == 0) return absl::OkStatus();
    const events::ScanGround ground = SealedGround(run, workspace, run.as_of());
    events::PassOptions options;
    options.threads = run.threads;
    return events::ScanCustomers(
               ground, options, [&] { return std::make_unique<JourneyStep>(compiled, window); },
               [&](events::PassStep& step) { return merge(static_cast<JourneyStep&>(step)); })
        .status();
  }

  static void AddFrameworkReport(Run& run, uint32_t workspace_no, const Compiled& compiled,
                                 const std::vector<ReportSums>& sums) {
    store::v1::StoredFrameworks stored;
    for (size_t i = 0; i < compiled.size(); ++i) {
      store::v1::StoredFramework& entry = *stored.add_frameworks();
      entry.set_framework(compiled[i].definition().framework());
      entry.set_number(static_cast<uint32_t>(i + 1));
      entry.set_fingerprint(
          frameworks::FingerprintOf(compiled[i].definition(), compiled[i].scope()));
      *entry.mutable_report() = sums[i].Answer();
    }
    AddReport(run, workspace_no, "frameworks", stored.SerializeAsString());
  }
};

}  // namespace

std::unique_ptr<Stage> NewFrameworkStage() { return std::make_unique<FrameworkStage>(); }

}  // namespace rapport::jobs

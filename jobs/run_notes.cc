// SPDX-License-Identifier: Apache-2.0
// The notes of a run's report: what changed since the generation before.
#include <cmath>
#include <cstdio>
#include <optional>

#include "jobs/pipeline/progress.h"
#include "jobs/run_report.h"
#include "jobs/stages/series_rows.h"
#include "lib/base/text.h"
#include "lib/facts/reports.h"
#include "lib/store/keys.h"
#include "rapport/v1/cohort.pb.h"
#include "rapport/v1/value.pb.h"

namespace rapport::jobs {
namespace {

constexpr int kNpsDays = 30;
constexpr double kMicrosPerUnitOfMoney = 1e6;

// A report of tonight (from the state) and of the generation before (from the store).
template <typename Report>
std::optional<Report> ReportNow(const Run& run, uint32_t workspace_no, std::string_view name) {
  std::optional<Report> found;
  for (const auto& row : run.progress(workspace_no).reports()) {
    if (row.report() != name) continue;
    found.emplace();
    if (!found->ParseFromString(row.message())) found.reset();
  }
  return found;
}

template <typename Report>
std::optional<Report> ReportBefore(const Run& run, uint32_t workspace_no, std::string_view name) {
  if (run.base == nullptr) return std::nullopt;
  const auto bytes =
      run.store->dataset().Get(store::DatasetId::kReports, run.base_version(),
                               store::ReportKey{workspace_no, std::string(name)}.Encode());
  Report report;
  if (!bytes.ok() || !report.ParseFromString(*bytes)) return std::nullopt;
  return report;
}

// " (+3)", nothing when there is nothing to compare with.
std::string Change(std::optional<int64_t> before, int64_t now) {
  if (!before) return "";
  const int64_t difference = now - *before;
  return Cat(" (", difference >= 0 ? "+" : "", Grouped(difference), ")");
}

std::string CustomersNote(const Run& run, const WorkspaceRun& workspace) {
  const WorkspaceState& now = run.workspace_state(workspace.number);
  std::optional<int64_t> customers, events;
  if (run.base != nullptr) {
    const auto before = run.base->workspaces().find(workspace.number);
    if (before != run.base->workspaces().end()) {
      customers = before->second.customer_count();
      events = before->second.event_count();
    }
  }
  std::string note =
      Cat("customers ", Grouped(now.customer_count()), Change(customers, now.customer_count()),
          ", events ", Grouped(now.event_count()), Change(events, now.event_count()));
  if (now.left_out_event_count() > 0) {
    note += Cat("; ", Grouped(now.left_out_event_count()), " events after as_of left out");
  }
  return note;
}

std::string StageName(v1::LifecycleStage stage) {
  std::string name = v1::LifecycleStage_Name(stage);
  constexpr std::string_view kPrefix = "LIFECYCLE_STAGE_";
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  for (char& c : name) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return name;
}

std::string StagesNote(const Run& run, uint32_t workspace_no) {
  const auto now = ReportNow<v1::LifecycleReport>(run, workspace_no, facts::kLifecycleReport);
  const auto before = ReportBefore<v1::LifecycleReport>(run, workspace_no, facts::kLifecycleReport);
  std::string note;
  if (!now) return note;
  for (const v1::StageCount& count : now->stages()) {
    std::optional<int64_t> earlier;
    if (before) earlier = 0;
    for (int i = 0; before && i < before->stages_size(); ++i) {
      if (before->stages(i).stage() == count.stage()) {
        earlier = before->stages(i).customer_count();
      }
    }
    if (count.customer_count() == 0 && earlier.value_or(0) == 0) continue;
    note += Cat(note.empty() ? "stages: " : ", ", StageName(count.stage()), " ",
                Grouped(count.customer_count()), Change(earlier, count.customer_count()));
  }
  return note;
}

struct NpsCount {
  int64_t promoters = 0, detractors = 0, answers = 0;
  double score() const {
    return 100.0 * static_cast<double>(promoters - detractors) / static_cast<double>(answers);
  }
};

// Answers of the 30 days that end with `last_day`.
NpsCount CountNps(const Run& run, uint32_t workspace_no, CivilDays last_day) {
  NpsCount nps;
  const auto read = ReadEventCells(run, run.version(), workspace_no, v1::EVENT_TYPE_NPS_ANSWERED,
                                   [&](const metrics::CellKey& key, const metrics::Cell& cell) {
                                     if (key.day > last_day || key.day <= last_day - kNpsDays)
                                       return;
                                     nps.answers += cell.count;
                                     if (key.bucket >= 9) nps.promoters += cell.count;
                                     if (key.bucket <= 6) nps.detractors += cell.count;
                                   });
  return read.ok() ? nps : NpsCount{};
}

std::string NpsNote(const Run& run, const WorkspaceRun& workspace) {
  const CivilDays today = workspace.settings.calendar.DayOf(run.as_of());
  const NpsCount now = CountNps(run, workspace.number, today);
  if (now.answers == 0) return "";
  char text[128];
  std::snprintf(text, sizeof text, "NPS of the last %d days %.1f (%s answers)", kNpsDays,
                now.score(), Grouped(now.answers).c_str());
  std::string note = text;
  const NpsCount earlier = CountNps(run, workspace.number, today - kNpsDays);
  if (earlier.answers > 0) {
    std::snprintf(text, sizeof text, ", %.1f in the %d days before", earlier.score(), kNpsDays);
    note += text;
  }
  return note;
}

std::string Parameters(const google::protobuf::RepeatedPtrField<v1::Parameter>& parameters) {
  std::string text;
  for (const v1::Parameter& parameter : parameters) {
    char value[64];
    std::snprintf(value, sizeof value, " %s %.4f", parameter.name().c_str(), parameter.value());
    text += value;
  }
  return text;
}

std::string ModelNote(const Run& run, uint32_t workspace_no) {
  const auto model = ReportNow<v1::ValueModel>(run, workspace_no, facts::kValueModelReport);
  if (!model || model->purchase_model().empty()) {
    return model && model->notes_size() > 0 ? model->notes(0) : "value model: none yet";
  }
  char text[96];
  std::snprintf(text, sizeof text, "; log-likelihood %.3f", model->purchase_log_likelihood());
  std::string note =
      Cat("value model: ", model->purchase_model(), Parameters(model->purchase_parameters()), text,
          "; ", model->spend_model(), Parameters(model->spend_parameters()));
  if (!model->converged()) note += "; tonight's fit did not converge, the last good one is in use";
  if (model->has_holdout()) {
    std::snprintf(text, sizeof text, "; holdout error %.4f a customer (naive %.4f)",
                  model->holdout().mae(), model->holdout().naive_mae());
    note += text;
  }
  return note;
}

std::string EquityNote(const Run& run, uint32_t workspace_no) {
  const auto now = ReportNow<v1::ValueReport>(run, workspace_no, facts::kValueReport);
  if (!now || now->customer_count() == 0) return "";
  const auto before = ReportBefore<v1::ValueReport>(run, workspace_no, facts::kValueReport);
  const auto units = [](const v1::Money& money) {
    return static_cast<int64_t>(
        std::llround(static_cast<double>(money.micros()) / kMicrosPerUnitOfMoney));
  };
  std::optional<int64_t> earlier;
  if (before) earlier = units(before->customer_equity());
  return Cat("customer equity ", Grouped(units(now->customer_equity())), " ",
             now->customer_equity().currency(), Change(earlier, units(now->customer_equity())));
}

}  // namespace

std::vector<std::string> NotesOf(const Run& run) {
  std::vector<std::string> notes;
  for (const WorkspaceRun& workspace : run.workspaces) {
    for (const std::string& note :
         {CustomersNote(run, workspace), StagesNote(run, workspace.number), NpsNote(run, workspace),
          ModelNote(run, workspace.number), EquityNote(run, workspace.number)}) {
      if (!note.empty()) notes.push_back(Cat(workspace.name, ": ", note));
    }
  }
  return notes;
}

}  // namespace rapport::jobs

// SPDX-License-Identifier: Apache-2.0
#include "jobs/stages/alert_stage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "jobs/pipeline/writer.h"
#include "jobs/stages/daily_figures.h"
#include "jobs/stages/metric_scope.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/reference/alerts.h"
#include "lib/store/keys.h"

namespace rapport::jobs {
namespace {

constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

// Alerts of one workspace by key, newest first, and which days of which metrics have one.
struct Alerts {
  std::map<std::string, std::string> rows;
  std::set<std::pair<std::string, CivilDays>> raised;
};

// What a night judges: days [first, last], of them [first, seen] only if they changed.
struct JudgedDays {
  CivilDays first = 0;
  CivilDays last = 0;
  CivilDays seen = 0;  // Last complete day of the generation before; before `first`: none.
};

absl::StatusOr<Alerts> CarryOver(const Run& run, uint32_t workspace_no) {
  Alerts kept;
  if (run.base == nullptr) return kept;
  const TimeMicros oldest = run.as_of() - reference::kAlertDaysKept * kMicrosPerDay;
  const auto cursor = run.store->dataset().Scan(
      store::DatasetId::kAlerts, run.base_version(),
      {.begin = store::WorkspaceBegin(workspace_no), .end = store::WorkspaceEnd(workspace_no)});
  for (; cursor->Valid(); cursor->Next()) {
    const auto key = store::AlertKey::Decode(cursor->Key());
    if (!key.has_value()) return DataLoss("alerts", "a key that is no alert's");
    if (key->time_micros < oldest) continue;
    kept.raised.emplace(key->metric, key->day);
    kept.rows.emplace(cursor->Key(), cursor->Value());
  }
  RETURN_IF_ERROR(cursor->status());
  return kept;
}

// nullptr when the generation before knows nothing of the workspace that can be compared.
const WorkspaceState* StateBefore(const Run& run, uint32_t workspace_no) {
  if (run.base == nullptr || run.base->format_version() != run.manifest().format_version()) {
    return nullptr;
  }
  const auto found = run.base->workspaces().find(workspace_no);
  return found == run.base->workspaces().end() ? nullptr : &found->second;
}

JudgedDays DaysToJudge(const Run& run, const Calendar& calendar, bool has_before) {
  JudgedDays days;
  days.last = calendar.DayOf(run.as_of()) - 1;
  days.first = has_before ? days.last - reference::kRestatedDays + 1 : days.last;
  days.seen = has_before ? calendar.DayOf(run.base->as_of_micros()) - 1 : days.first - 1;
  return days;
}

// The figures of one night's workspace, and those the generation before had.
class Watch {
 public:
  Watch(const Run& run, const WorkspaceRun& workspace, const MetricScope& metrics)
      : state_before_(StateBefore(run, workspace.number)),
        days_(DaysToJudge(run, metrics.scope.calendar, state_before_ != nullptr)),
        scope_before_(metrics.scope),
        now_({run, workspace.number, run.version(), run.workspace_state(workspace.number),
              metrics.scope}) {
    if (state_before_ == nullptr) return;
    scope_before_.as_of = run.base->as_of_micros();
    scope_before_.event_end = scope_before_.as_of + 1;
    before_.emplace(DailyFigures::Source{run, workspace.number, run.base_version(), *state_before_,
                                         scope_before_});
  }

  // nullopt when the metric is not watched, or there is nothing to judge.
  absl::StatusOr<std::optional<reference::WatchedMetric>> Read(
      const v1::MetricDefinition& definition, const Alerts& known) const {
    std::optional<reference::WatchedMetric> none;
    if (!reference::IsWatched(definition)) return none;
    reference::WatchedMetric metric{&definition, days_.first - reference::kBaselineDays, {}, {}};
    ASSIGN_OR_RETURN(auto figures, now_.Of(definition, metric.first_day, days_.last + 1));
    if (!figures.has_value()) return none;
    metric.figures = *std::move(figures);
    ASSIGN_OR_RETURN(const auto before, FiguresBefore(definition));
    for (CivilDays day = days_.first; day <= days_.last; ++day) {
      const auto at = static_cast<size_t>(day - metric.first_day);
      const auto was = static_cast<size_t>(day - days_.first);
      const bool same = was < before.size() && before[was] == metric.figures[at];
      if (!same && !known.raised.contains({definition.metric(), day})) metric.judged.push_back(day);
    }
    if (metric.judged.empty()) return none;
    return metric;
  }

 private:
  // Of days [first, seen] as the generation before had them; empty if it had none.
  absl::StatusOr<DailyFigures::Figures> FiguresBefore(
      const v1::MetricDefinition& definition) const {
    const CivilDays end = std::min(days_.seen, days_.last) + 1;
    if (!before_.has_value() || end <= days_.first) return DailyFigures::Figures();
    ASSIGN_OR_RETURN(auto figures, before_->Of(definition, days_.first, end));
    return std::move(figures).value_or(DailyFigures::Figures());
  }

  const WorkspaceState* state_before_;
  const JudgedDays days_;
  metrics::Scope scope_before_;
  DailyFigures now_;
  std::optional<DailyFigures> before_;
};

absl::Status FindNew(const Run& run, const WorkspaceRun& workspace, Alerts& alerts) {
  ASSIGN_OR_RETURN(const auto metrics, LoadMetricScope(run, workspace));
  const Watch watch(run, workspace, *metrics);
  std::vector<reference::WatchedMetric> watched;
  for (const v1::MetricDefinition& definition : metrics->registry.definitions()) {
    ASSIGN_OR_RETURN(auto metric, watch.Read(definition, alerts));
    if (metric.has_value()) watched.push_back(*std::move(metric));
  }
  const reference::AlertNight night{workspace.name, run.version(), run.as_of()};
  for (const v1::Alert& alert : reference::FindAlerts(watched, night)) {
    ASSIGN_OR_RETURN(const CivilDays day, ParseDate(alert.date()));
    const store::AlertKey key{workspace.number, run.as_of(), day, alert.metric()};
    alerts.rows.emplace(key.Encode(), alert.SerializeAsString());
  }
  return absl::OkStatus();
}

class AlertStage final : public Stage {
 public:
  std::string_view name() const override { return "alerts"; }
  std::vector<std::string_view> needs() const override { return {"event_series", "metric_series"}; }
  Source source() const override { return Source::kNone; }

  absl::StatusOr<int64_t> Finish(Run& run) override {
    RETURN_IF_ERROR(TakeIn(run, {store::DatasetId::kSeries}));
    ASSIGN_OR_RETURN(auto writer, RowWriter::Open(run, store::DatasetId::kAlerts, "all"));
    for (const WorkspaceRun& workspace : run.workspaces) {
      ASSIGN_OR_RETURN(Alerts alerts, CarryOver(run, workspace.number));
      RETURN_IF_ERROR(FindNew(run, workspace, alerts));
      for (const auto& [key, alert] : alerts.rows) RETURN_IF_ERROR(writer->Add(key, alert));
    }
    RETURN_IF_ERROR(writer->Finish());
    RETURN_IF_ERROR(RecordFile(run, writer->file()));
    return static_cast<int64_t>(writer->file().row_count);
  }
};

}  // namespace

std::unique_ptr<Stage> NewAlertStage() { return std::make_unique<AlertStage>(); }

}  // namespace rapport::jobs

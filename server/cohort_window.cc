// SPDX-License-Identifier: Apache-2.0
#include "server/cohort_window.h"

#include <algorithm>

#include "google/protobuf/repeated_field.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"
#include "lib/math/stats.h"

namespace rapport::server {
namespace {

constexpr double kConfidence = 0.95;

absl::StatusOr<std::optional<CivilDays>> ParseOpenDate(std::string_view field,
                                                       std::string_view text) {
  if (text.empty()) return std::optional<CivilDays>();
  const auto day = ParseDate(text);
  if (!day.ok()) return InvalidField(field, "BAD_DATE", "must be a date such as 2026-11-21");
  return std::optional<CivilDays>(*day);
}

// Keeps the messages whose start_date lies in the window.
template <typename Message>
void KeepStarts(const DayWindow& window, google::protobuf::RepeatedPtrField<Message>* all) {
  const auto kept = std::stable_partition(all->begin(), all->end(), [&](const Message& message) {
    const auto day = ParseDate(message.start_date());
    return day.ok() && window.Holds(*day);
  });
  all->DeleteSubrange(static_cast<int>(kept - all->begin()), static_cast<int>(all->end() - kept));
}

void SetRate(v1::RetentionCell& cell) {
  const auto interval = math::WilsonInterval(static_cast<uint64_t>(cell.returned()),
                                             static_cast<uint64_t>(cell.eligible()), kConfidence);
  if (!interval.has_value()) return;
  cell.set_rate(static_cast<double>(cell.returned()) / static_cast<double>(cell.eligible()));
  cell.mutable_interval()->set_low(interval->low);
  cell.mutable_interval()->set_high(interval->high);
  cell.mutable_interval()->set_level(kConfidence);
  cell.mutable_interval()->set_method("wilson");
}

void Pool(const v1::RetentionCell& cell, v1::RetentionReport* report) {
  while (report->pooled_size() <= cell.period()) {
    report->add_pooled()->set_period(report->pooled_size() - 1);
  }
  v1::RetentionCell& pooled = *report->mutable_pooled(cell.period());
  pooled.set_returned(pooled.returned() + cell.returned());
  pooled.set_eligible(pooled.eligible() + cell.eligible());
  pooled.mutable_revenue()->set_micros(pooled.revenue().micros() + cell.revenue().micros());
  pooled.mutable_revenue()->set_currency(cell.revenue().currency());
}

}  // namespace

absl::StatusOr<DayWindow> ParseWindow(std::string_view start_date, std::string_view end_date) {
  DayWindow window;
  ASSIGN_OR_RETURN(window.begin, ParseOpenDate("start_date", start_date));
  ASSIGN_OR_RETURN(window.end, ParseOpenDate("end_date", end_date));
  if (window.begin && window.end && *window.begin >= *window.end) {
    return InvalidField("end_date", "INVERTED_RANGE", "must lie after start_date");
  }
  return window;
}

void KeepCohorts(const DayWindow& window, v1::RetentionReport* report) {
  if (!window.begin && !window.end) return;
  KeepStarts(window, report->mutable_cohorts());
  report->clear_pooled();
  for (const v1::Cohort& cohort : report->cohorts()) {
    for (const v1::RetentionCell& cell : cohort.cells()) {
      if (!cell.incomplete()) Pool(cell, report);
    }
  }
  for (v1::RetentionCell& pooled : *report->mutable_pooled()) SetRate(pooled);
}

void SetFlows(const FlowCounts& counts, v1::LifecycleReport* report) {
  report->clear_flows();
  for (const auto& [stages, count] : counts) {
    v1::StageFlow* flow = report->add_flows();
    flow->set_from_stage(static_cast<v1::LifecycleStage>(stages.first));
    flow->set_to_stage(static_cast<v1::LifecycleStage>(stages.second));
    flow->set_transition_count(count);
  }
}

FlowCounts KeepMonths(const DayWindow& window, v1::LifecycleReport* report) {
  KeepStarts(window, report->mutable_growth());
  KeepStarts(window, report->mutable_monthly_flows());
  FlowCounts counts;
  for (const v1::MonthlyStageFlows& month : report->monthly_flows()) {
    for (const v1::StageFlow& flow : month.flows()) {
      counts[{flow.from_stage(), flow.to_stage()}] += flow.transition_count();
    }
  }
  return counts;
}

}  // namespace rapport::server

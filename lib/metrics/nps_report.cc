// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/status_macros.h"
#include "lib/metrics/answer.h"
#include "lib/metrics/gather.h"
#include "lib/metrics/query.h"
#include "lib/metrics/range.h"
#include "rapport/v1/event.pb.h"

namespace rapport::metrics {
namespace {

constexpr int kHighestScore = 10;

void FillScore(const GatherPlan& plan, const Figures& whole, v1::NpsReport& report) {
  const v1::MetricPoint point = PointOf(plan, plan.range.days, whole);
  if (point.has_value()) report.set_score(point.value());
  if (point.has_interval()) *report.mutable_interval() = point.interval();
  const ScoreCounts counts = CountScores(plan.definition, whole.tally);
  report.set_promoters(counts.positive);
  report.set_detractors(counts.negative);
  report.set_passives(counts.answers - counts.positive - counts.negative);
  for (int score = 0; score <= kHighestScore; ++score) {
    const auto found = whole.tally.scores.find(static_cast<uint16_t>(score));
    report.add_distribution(found == whole.tally.scores.end() ? 0 : found->second);
  }
}

// The whole range by one dimension, one point a group, from groups by both dimensions.
void AddBreakdown(const GatherPlan& plan, const Gathered& both, Dimension dimension,
                  google::protobuf::RepeatedPtrField<v1::MetricSeries>& series) {
  const Dimension dimensions[] = {dimension};
  const GatherPlan by_one{plan.definition, plan.scope, plan.range, dimensions, 1};
  Gathered gathered;
  for (const auto& [key, tallies] : both.groups) {
    GroupKey group = key;
    if (dimension == Dimension::kChannel) {
      group.second = 0;
    } else {
      group.first = 0;
    }
    auto& whole = gathered.groups[group];
    whole.resize(1);
    for (const Tally& tally : tallies) whole[0].Add(tally);
  }
  for (v1::MetricSeries& group : GroupSeries(by_one, gathered)) *series.Add() = std::move(group);
}

absl::StatusOr<int64_t> CountDismissed(const DayRange& days, CellReader read) {
  int64_t dismissed = 0;
  const auto visit = [&](const CellKey& key, const Cell& cell) {
    if (key.day >= days.begin && key.day < days.end) dismissed += cell.count;
  };
  RETURN_IF_ERROR(
      read(SeriesFamily::kEvents, v1::EVENT_TYPE_SURVEY_DISMISSED, days.begin, days.end, visit));
  return dismissed;
}

}  // namespace

absl::StatusOr<v1::NpsReport> Nps(const v1::GetNpsReportRequest& request, const QueryScope& scope,
                                  CellReader read) {
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, FindDefinition("nps"));
  ASSIGN_OR_RETURN(
      const QueryRange months,
      ResolveRange({request.start_date(), request.end_date(), v1::GRANULARITY_MONTH}, scope));
  QueryRange range = months;
  range.granularity.reset();
  range.buckets = {range.days};

  v1::NpsReport report;
  constexpr Dimension kBoth[] = {Dimension::kChannel, Dimension::kTouchpoint};
  const GatherPlan monthly_plan{*definition, scope, months, kBoth, 1};
  ASSIGN_OR_RETURN(const Gathered monthly, Gather(monthly_plan, read));
  *report.mutable_monthly() = TotalSeries(monthly_plan, monthly).points();
  const GatherPlan plan{*definition, scope, range, {}, 1};
  FillScore(plan, *monthly.whole, report);
  AddBreakdown(plan, monthly, Dimension::kChannel, *report.mutable_by_channel());
  AddBreakdown(plan, monthly, Dimension::kTouchpoint, *report.mutable_by_touchpoint());
  ASSIGN_OR_RETURN(const int64_t dismissed, CountDismissed(range.days, read));
  report.set_dismissed(dismissed);
  report.set_band(FillContext(monthly_plan, monthly, *report.mutable_context()));
  return report;
}

}  // namespace rapport::metrics

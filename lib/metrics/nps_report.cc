// SPDX-License-Identifier: Apache-2.0
#include "lib/metrics/nps_report.h"

#include <string>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/metrics/point.h"
#include "lib/metrics/respond.h"
#include "lib/metrics/responder.h"

namespace rapport::metrics {
namespace {

constexpr int kScores = 11;  // 0 to 10.

// The counts behind the score.
void FillScores(const PreparedQuery& months, const SumTable& table, v1::NpsReport& report) {
  const SlotReader sums(months, table.total(), 0);
  const Sums& whole = *sums.whole();
  const ScoreCounts counts = CountScores(months.definition(), whole);
  report.set_promoters(counts.positive);
  report.set_detractors(counts.negative);
  report.set_passives(counts.answers - counts.positive - counts.negative);
  report.mutable_distribution()->Resize(kScores, 0);
  for (const auto& [score, answers] : whole.parts().scores) {
    if (score < kScores) report.set_distribution(score, answers);
  }
}

void TakeMonths(v1::QueryMetricResponse& answer, v1::NpsReport& report) {
  const v1::MetricPoint& whole = answer.total().whole();
  if (whole.has_value()) report.set_score(whole.value());
  if (whole.has_interval()) *report.mutable_interval() = whole.interval();
  report.set_band(answer.band());
  *report.mutable_monthly() = std::move(*answer.mutable_total()->mutable_points());
  *report.mutable_context() = std::move(*answer.mutable_context());
}

}  // namespace

std::string_view NpsMetric(NpsPart part) {
  switch (part) {
    case NpsPart::kDismissed:
      return "survey_dismissal_rate";
    case NpsPart::kResponse:
      return "survey_response_rate";
    case NpsPart::kFollowUp:
      return "detractor_follow_up_rate";
    case NpsPart::kRecovery:
      return "detractor_recovery_rate";
    default:
      return "nps";
  }
}

v1::QueryMetricRequest NpsQuery(NpsPart part, const v1::GetNpsReportRequest& request) {
  v1::QueryMetricRequest query;
  query.set_parent(request.parent());
  query.set_metric(std::string(NpsMetric(part)));
  query.set_start_date(request.start_date());
  query.set_end_date(request.end_date());
  query.set_view(request.view());
  if (part == NpsPart::kMonths) query.set_granularity(v1::GRANULARITY_MONTH);
  if (part == NpsPart::kChannels) query.add_group_by("channel");
  if (part == NpsPart::kTouchpoints) query.add_group_by("touchpoint");
  return query;
}

v1::GetNpsReportRequest NpsWindow(const v1::GetNpsReportRequest& request,
                                  const PreparedQuery& months) {
  v1::GetNpsReportRequest window = request;
  const TimeWindow& whole = months.ranges().front().whole();
  window.set_start_date(FormatDate(whole.first_day));
  window.set_end_date(FormatDate(whole.end_day));
  return window;
}

absl::Status FillNps(NpsPart part, const PreparedQuery& query, const SumTable& table,
                     v1::NpsReport& report) {
  ASSIGN_OR_RETURN(v1::QueryMetricResponse answer, Respond(query, table, ""));
  v1::MetricPoint& point = *answer.mutable_total()->mutable_points(0);
  switch (part) {
    case NpsPart::kMonths:
      FillScores(query, table, report);
      TakeMonths(answer, report);
      break;
    case NpsPart::kChannels:
      *report.mutable_by_channel() = std::move(*answer.mutable_groups());
      break;
    case NpsPart::kTouchpoints:
      *report.mutable_by_touchpoint() = std::move(*answer.mutable_groups());
      break;
    case NpsPart::kDismissed:
      report.set_dismissed(static_cast<int64_t>(point.numerator()));
      break;
    case NpsPart::kResponse:
      report.set_sent(static_cast<int64_t>(point.denominator()));
      if (point.has_value()) report.set_response_rate(point.value());
      break;
    case NpsPart::kFollowUp:
      *report.mutable_follow_up() = std::move(point);
      break;
    case NpsPart::kRecovery:
      *report.mutable_recovery() = std::move(point);
      break;
  }
  return absl::OkStatus();
}

}  // namespace rapport::metrics

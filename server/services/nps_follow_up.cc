// SPDX-License-Identifier: Apache-2.0
#include "server/services/nps_follow_up.h"

#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/metrics/respond.h"
#include "server/metric_reader.h"
#include "server/resource_name.h"

namespace rapport::server {
namespace {

// In the order in which Take() gets them.
constexpr std::string_view kMetrics[] = {"survey_response_rate", "detractor_follow_up_rate",
                                         "detractor_recovery_rate"};

absl::StatusOr<metrics::PreparedQuery> Prepare(MetricReader& reader, const ReadPoint& at,
                                               std::string_view metric,
                                               const v1::AnswerContext& window) {
  v1::QueryMetricRequest request;
  request.set_parent(FormatWorkspaceName(at.scope.id));
  request.set_metric(std::string(metric));
  request.set_start_date(window.start_date());
  request.set_end_date(window.end_date());
  request.set_view(at.view);
  ASSIGN_OR_RETURN(const v1::MetricDefinition* definition, reader.Find(metric));
  ASSIGN_OR_RETURN(const metrics::Scope scope, reader.ScopeOf(*definition));
  return metrics::PreparedQuery::Create(request, *definition, scope);
}

void Take(size_t metric, v1::MetricPoint point, v1::NpsReport& report) {
  if (metric == 1) {
    *report.mutable_follow_up() = std::move(point);
  } else if (metric == 2) {
    *report.mutable_recovery() = std::move(point);
  } else {
    report.set_sent(static_cast<int64_t>(point.denominator()));
    if (point.has_value()) report.set_response_rate(point.value());
  }
}

}  // namespace

absl::Status AddFollowUp(const CallContext& call, const ReadPoint& at, v1::NpsReport& report) {
  ASSIGN_OR_RETURN(MetricReader reader, MetricReader::Open(call, at));
  std::vector<metrics::PreparedQuery> queries;
  for (const std::string_view metric : kMetrics) {
    ASSIGN_OR_RETURN(metrics::PreparedQuery query, Prepare(reader, at, metric, report.context()));
    queries.push_back(std::move(query));
  }
  std::vector<const metrics::PreparedQuery*> pointers;
  for (const metrics::PreparedQuery& query : queries) pointers.push_back(&query);
  return reader.Run(
      pointers,
      [&](size_t i, const metrics::SumTable& table, std::string_view plan) -> absl::Status {
        ASSIGN_OR_RETURN(v1::QueryMetricResponse answer, metrics::Respond(queries[i], table, plan));
        Take(i, std::move(*answer.mutable_total()->mutable_points(0)), report);
        return absl::OkStatus();
      });
}

}  // namespace rapport::server
